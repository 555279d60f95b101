import type { Clock } from "./clock.ts"
import { KlatchError } from "./error.ts"
import { within } from "./patience.ts"

/** Who is asking, as the server is told: by token, else by name; a guest to be has neither. */
export interface Asker {
  readonly token?: string
  readonly user?: string
}

/** A token provider that has not answered by then has failed. */
const tokenMs = 60_000

/** A token of the application's. Rejects with `token_failed` when there is none to be had, or not in time. */
export async function askForToken(clock: Clock, provider: () => string | Promise<string>): Promise<string> {
  try {
    // In a function of its own, since it may throw as well.
    const token = (await within(clock, tokenMs, (async () => provider())())).trim()
    if (/^[ -~]+$/.test(token)) return token
    throw "it gave no token"
  } catch (thrown) {
    throw new KlatchError("token_failed", `The token provider failed: ${thrown}`)
  }
}
