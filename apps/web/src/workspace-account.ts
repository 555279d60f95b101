import type { Client } from "@klatch/client"
import type { Account } from "./account.ts"

/**
 * Sees to it that a connection that ended with its token comes back with the next one, until the returned function is
 * called. When there is no next one the account ends, and tells so itself.
 */
export const staySignedIn = (
  client: Pick<Client, "connection">,
  account: Pick<Account, "expire" | "end">,
): (() => void) =>
  client.connection.subscribe(() => {
    const { phase, lastError } = client.connection.get()
    if (phase === "waiting" && lastError?.code === "unauthorized") account.expire()
    // With the newest token, as `fetchAs` tried it before.
    if (phase === "closed" && lastError?.code === "unauthorized") account.end("over")
  })

/** The SDK's `fetch` for someone signed in: a request whose token is refused is made once more with the next one. */
export const fetchAs =
  (account: Pick<Account, "expire" | "token">) =>
  async (address: string, init: RequestInit = {}): Promise<Response> => {
    const answer = await fetch(address, init)
    const headers = new Headers(init.headers)
    const token = headers.get("authorization")?.replace("Bearer ", "")
    if (token === undefined || answer.status !== 401) return answer
    account.expire(token)
    headers.set("authorization", `Bearer ${await account.token()}`)
    return fetch(address, { ...init, headers })
  }
