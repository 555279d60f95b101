import { Lru } from "../lib/lru.ts"
import type { PacketHead } from "./wire.ts"

/** Of so many speakers it is known what they said last. */
const knownMax = 10_000

/** Notices what others said and we did not hear: each counts what it says, also what it could not send. */
export class Losses {
  readonly #last = new Lru<string, number>(knownMax)

  /** Whether something is missing between this packet and the one heard before it from the same node and line. */
  isAfterLoss({ node, count }: PacketHead, line = ""): boolean {
    const key = `${node} ${line}`
    const last = this.#last.get(key)
    this.#last.set(key, count)
    return last !== undefined && count !== last + 1
  }
}
