import { addressBlock } from "../lib/address-block.ts"
import { AppError } from "../lib/app-error.ts"
import type { Clock } from "../lib/clock.ts"
import { Lru } from "../lib/lru.ts"
import { Attempts } from "./attempts.ts"

/** Wrong ones, of one account from one address: ten, then one every half a minute. */
const perPair = { burst: 10, perSecond: 1 / 30 }
/** Sign-ins from one address, right or wrong: many people may share one. */
const perAddress = { burst: 60, perSecond: 1 }
/** Wrong ones of one account from anywhere that cost no wait; each further one doubles it. */
const freeMax = 20
const waitFirstMs = 500
/** The longest wait between two tries of an account, and that of an address from which it was signed in to. */
const waitMaxMs = 30_000
const waitKnownMaxMs = 2_000
/** Of what an account has against it, one wrong try is forgotten in so long. */
const forgetMs = 60_000
const knownMax = 50_000

interface Against {
  wrong: number
  /** When `wrong` was counted. */
  countedMs: number
  /** When the last try began that had to wait its turn. */
  triedMs: number
}

/**
 * How often a password may be guessed. Tight for one address, so that it gets nowhere; slow and never shut for an
 * account, so that many addresses get nowhere and still nobody can lock its owner out: the wait is bounded, and short
 * from where they have signed in before. Names that nobody has are counted like all others.
 */
export class Guesses {
  readonly #clock: Clock
  readonly #isOn: boolean
  readonly #ofPair: Attempts
  readonly #ofAddress: Attempts
  /** By account; what was used least recently is forgotten past `knownMax`. */
  readonly #against = new Lru<string, Against>(knownMax)
  /** From where an account was signed in to, while this node runs. */
  readonly #known = new Lru<string, true>(knownMax)

  constructor(clock: Clock, isOn: boolean) {
    this.#clock = clock
    this.#isOn = isOn
    this.#ofPair = new Attempts(perPair, clock, isOn)
    this.#ofAddress = new Attempts(perAddress, clock, isOn)
  }

  /** Counts a try as wrong before it is made: many at once are many. Throws `rate_limited`, with when to come back. */
  begin(account: string, address: string): void {
    if (!this.#isOn) return
    const block = addressBlock(address)
    const pair = pairOf(account, block)
    this.#ofAddress.spend(block)
    const against = this.#of(account)
    const nowMs = this.#clock.monotonicMs()
    const over = Math.floor(against.wrong) - freeMax
    const waitMs = over < 0 ? 0 : Math.min(waitFirstMs * 2 ** Math.min(over, 30), waitMaxMs)
    const isKnown = this.#known.get(pair) === true
    const leftMs = against.triedMs + Math.min(waitMs, isKnown ? waitKnownMaxMs : waitMaxMs) - nowMs
    if (leftMs > 0)
      throw new AppError("rate_limited", "Too many attempts: wait a little.", {
        retryAfterMs: Math.ceil(leftMs),
      })
    this.#ofPair.spend(pair)
    against.wrong++
    against.triedMs = nowMs
  }

  /**
   * The try was right: it is not held against anybody, and its address is known from now on. Wrong ones from the same
   * address stay counted: they may be a neighbour's.
   */
  wasRight(account: string, address: string): void {
    if (!this.#isOn) return
    const pair = pairOf(account, addressBlock(address))
    const against = this.#of(account)
    against.wrong = Math.max(0, against.wrong - 1)
    this.#ofPair.giveBack(pair)
    this.#known.set(pair, true)
  }

  #of(account: string): Against {
    const nowMs = this.#clock.monotonicMs()
    const against = this.#against.get(account) ?? {
      wrong: 0,
      countedMs: nowMs,
      triedMs: Number.NEGATIVE_INFINITY,
    }
    against.wrong = Math.max(0, against.wrong - (nowMs - against.countedMs) / forgetMs)
    against.countedMs = nowMs
    this.#against.set(account, against)
    return against
  }
}

const pairOf = (account: string, block: string) => `${account} ${block}`
