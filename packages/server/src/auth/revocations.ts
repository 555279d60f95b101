import { AppError } from "../lib/app-error.ts"
import type { Principal } from "./principal.ts"

/** Tokens of this user are void from now on: those of one sign-in, or all. */
export interface Revocation {
  readonly userId: string
  /** Undefined: all of theirs. Null: all but those of a sign-in. */
  readonly familyId?: string | null | undefined
  /** `signed_out`: they may sign in again. `banned`: they may not. */
  readonly why: "signed_out" | "banned"
}

type Listener = (revocation: Revocation, isFromElsewhere: boolean) => void

/** So many of the newest are remembered, for those who are just on their way in. */
const rememberedMax = 10_000

/**
 * Tells everyone on this node whose tokens ended. Whoever lets someone in notes `mark` before asking who they are, and
 * asks `hasEnded` once they are where a revocation finds them: between the two none can slip through.
 */
export class Revocations {
  #count = 0
  readonly #recent: Revocation[] = []
  readonly #listeners: Listener[] = []

  /** How many there were so far. */
  get mark(): number {
    return this.#count
  }

  onRevoked(listener: Listener): void {
    this.#listeners.push(listener)
  }

  /** `isFromElsewhere`: another node has told us. */
  tell(revocation: Revocation, isFromElsewhere = false): void {
    this.#count++
    this.#recent.push(revocation)
    if (this.#recent.length > rememberedMax) this.#recent.shift()
    for (const listener of this.#listeners) listener(revocation, isFromElsewhere)
  }

  /** Some may have been missed: whoever is on their way in is asked again. */
  doubt(): void {
    this.#count += rememberedMax + 1
  }

  /** Whether it was told here, lately, that all of this user's tokens are over. */
  wasTold(userId: string): boolean {
    return this.#recent.some((one) => one.userId === userId && one.familyId === undefined)
  }

  /** Whether a revocation since `mark` ended this; true when it is too long ago to know. */
  hasEnded(mark: number, userId: string, familyId: string | undefined): boolean {
    const newCount = this.#count - mark
    if (newCount > this.#recent.length) return true
    return this.#recent.slice(this.#recent.length - newCount).some((one) => ends(one, userId, familyId))
  }

  /** Throws `unauthorized` for whoever is on their way in by what has ended since `mark`. */
  require({ user, grant }: Principal, mark: number): void {
    if (this.hasEnded(mark, user.id, grant?.familyId))
      throw new AppError("unauthorized", "This sign-in is over: sign in again.")
  }
}

/** Whether this revocation ends what that user holds of that sign-in. */
export const ends = (one: Revocation, userId: string, familyId: string | undefined): boolean =>
  one.userId === userId && (one.familyId === undefined || one.familyId === (familyId ?? null))
