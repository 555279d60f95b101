import { addressBlock } from "../lib/address-block.ts"
import type { Clock } from "../lib/clock.ts"
import type { Bucket } from "../lib/token-bucket.ts"
import { Attempts } from "./attempts.ts"
import type { Principal } from "./principal.ts"

/** Frames and requests of one user, over all their connections and HTTP; pings are free. */
const ofUser = { perSecond: 100, burst: 500 }
/** HTTP requests of whoever brings no token, or a bad one, of one address: many people may share one. */
const ofStrangers = { perSecond: 200, burst: 2_000 }
/** Connections that are opened, or tried, from one address. */
const ofConnects = { perSecond: 100, burst: 2_000 }
/** Exports of someone's data: each reads all rooms. */
const ofExports = { perSecond: 1 / 60, burst: 10 }

/**
 * What one user or one address may use of a node. A bucket each, made when it is first needed; those used least
 * recently are forgotten past 50,000 of a kind, and begin full again.
 */
export class Budgets {
  readonly #users: Attempts
  readonly #strangers: Attempts
  readonly #connects: Attempts
  readonly #exports: Attempts

  constructor(clock: Clock, isOn: boolean) {
    this.#users = new Attempts(ofUser, clock, isOn)
    this.#strangers = new Attempts(ofStrangers, clock, isOn)
    this.#connects = new Attempts(ofConnects, clock, isOn)
    this.#exports = new Attempts(ofExports, clock, isOn)
  }

  /** Counts a request of someone. A back end's key speaks for many, and is not counted. Throws `rate_limited`. */
  spendUser({ user, grant }: Principal): void {
    if (grant !== undefined && grant.via !== "key") this.#users.spend(user.id, "Too many requests.")
  }

  /** The bucket of someone, for whoever keeps it at hand. */
  bucketOfUser(userId: string): Bucket {
    return this.#users.bucketOf(userId)
  }

  /** The same for a frame, from a bucket that is at hand. */
  spendFrom(bucket: Bucket): void {
    this.#users.spendFrom(bucket, "Too many frames, of all your connections together.")
  }

  /** Counts an export that someone asks for; a back end's are not counted. */
  spendExport({ user, grant }: Principal): void {
    if (grant?.via !== "key") this.#exports.spend(user.id, "Too many exports: wait a little.")
  }

  spendStranger(address: string): void {
    this.#strangers.spend(addressBlock(address), "Too many requests from this address.")
  }

  spendConnect(address: string): void {
    this.#connects.spend(addressBlock(address), "Too many connections from this address.")
  }
}
