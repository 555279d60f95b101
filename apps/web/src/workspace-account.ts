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

/**
 * The SDK's `fetch` for someone signed in. The token goes in a header, as the server wants it, and not in an address
 * that others may log; a request whose token is refused is made once more with the next one.
 */
export const fetchAs =
  (account: Pick<Account, "expire" | "token">) =>
  async (address: string, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(address)
    const first = url.searchParams.get("token")
    url.searchParams.delete("token")
    const ask = (token: string) => {
      const headers = new Headers(init.headers)
      headers.set("authorization", `Bearer ${token}`)
      return fetch(url, { ...init, headers })
    }
    if (first === null) return fetch(address, init)
    const answer = await ask(first)
    if (answer.status !== 401) return answer
    account.expire(first)
    return ask(await account.token())
  }
