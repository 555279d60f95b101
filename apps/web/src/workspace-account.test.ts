import { afterEach, expect, test } from "bun:test"
import { type ConnectionState, KlatchError, type KlatchErrorCode } from "@klatch/client"
import { fetchAs, staySignedIn } from "./workspace-account.ts"

const { fetch } = globalThis
afterEach(() => {
  globalThis.fetch = fetch
})

/** An account whose tokens are counted, and what it was told. */
function account() {
  const told: string[] = []
  let count = 1
  return {
    told,
    expire: (token = "the one in use") => {
      told.push(`expire ${token}`)
      count++
    },
    end: (why: string) => void told.push(why),
    token: async () => `token-${count}`,
  }
}

/** A server that takes these tokens, and what it was asked: the address and its header. */
function server(...good: string[]) {
  const asked: string[] = []
  globalThis.fetch = (async (address: string | URL, init?: RequestInit) => {
    const header = new Headers(init?.headers).get("authorization")
    asked.push(`${address} ${header}`)
    return new Response(null, { status: good.includes(header ?? "") ? 200 : 401 })
  }) as typeof globalThis.fetch
  return asked
}

test("a token that is refused is followed by the next, once", async () => {
  const one = account()
  const asked = server("Bearer token-2")
  const ask = (token: string) =>
    fetchAs(one)("http://chat/rooms?limit=1", { headers: { authorization: `Bearer ${token}` } })
  expect((await ask("token-1")).status).toBe(200)
  expect(asked).toEqual([
    "http://chat/rooms?limit=1 Bearer token-1",
    "http://chat/rooms?limit=1 Bearer token-2",
  ])
  expect(one.told).toEqual(["expire token-1"])
  server()
  expect((await ask("token-2")).status).toBe(401)
})

test("a connection closed with 4401 comes back with a fresh token; one that stays refused ends the sign-in", () => {
  const one = account()
  let state: ConnectionState = { phase: "open", attempt: 0 }
  let tell = () => {}
  const connection = {
    get: () => state,
    subscribe: (fn: () => void) => {
      tell = fn
      return () => {}
    },
  }
  staySignedIn({ connection }, one)
  const becomes = (next: ConnectionState) => {
    state = next
    tell()
  }
  const lost = (code: KlatchErrorCode) => new KlatchError(code, "as the server says it")
  becomes({ phase: "waiting", attempt: 1, lastError: lost("closed") })
  expect(one.told).toEqual([])
  becomes({ phase: "waiting", attempt: 1, lastError: lost("unauthorized") })
  expect(one.told).toEqual(["expire the one in use"])
  becomes({ phase: "closed", attempt: 0, lastError: new KlatchError("unauthorized", "not valid") })
  expect(one.told).toEqual(["expire the one in use", "over"])
})
