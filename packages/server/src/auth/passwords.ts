import { AppError } from "../lib/app-error.ts"

/** OWASP's least for argon2id (Password Storage Cheat Sheet): 19 MiB, two passes. */
const cost = { algorithm: "argon2id", memoryCost: 19_456, timeCost: 2 } as const
/** Each takes a core and 19 MiB meanwhile. */
const atOnceMax = 2
const waitingMax = 64

/** Hashes and checks passwords, a few at a time. Rejects with `unavailable` when too many wait. */
export class Passwords {
  #running = 0
  readonly #waiting: (() => void)[] = []
  /** What is checked in the place of an account that is not there, so that both take the same time. */
  readonly #nobody: Promise<string>

  constructor() {
    this.#nobody = Bun.password.hash(crypto.randomUUID(), cost)
  }

  hash(password: string): Promise<string> {
    return this.#inTurn(() => Bun.password.hash(folded(password), cost))
  }

  /** Whether this is the password. Without a hash the answer is no, and takes as long. */
  async isRight(password: string, hash: string | undefined): Promise<boolean> {
    const known = hash ?? (await this.#nobody)
    const isRight = await this.#inTurn(() => Bun.password.verify(folded(password), known))
    return isRight && hash !== undefined
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= atOnceMax) {
      if (this.#waiting.length >= waitingMax)
        throw new AppError("unavailable", "Too many are signing in just now.", { retryAfterMs: 1_000 })
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    } else this.#running++
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#running--
    }
  }
}

/** The same characters, however a keyboard composes them (NIST SP 800-63B 3.1.1.2). */
const folded = (password: string): string => password.normalize("NFKC")
