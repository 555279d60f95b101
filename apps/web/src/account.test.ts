import { afterAll, beforeEach, expect, test } from "bun:test"
import { KlatchError } from "@klatch/client"
import { Account, type AccountWorld, type End } from "./account.ts"
import type { SignedIn } from "./account-door.ts"
import { keepSignIn, keptSignIn, type SignIn } from "./kept.ts"

/** A browser's storage, for all its tabs. */
const stored = new Map<string, string>()
const before = Object.getOwnPropertyDescriptor(globalThis, "localStorage")
globalThis.localStorage = {
  getItem: (key: string) => stored.get(key) ?? null,
  setItem: (key: string, value: string) => stored.set(key, value),
  removeItem: (key: string) => stored.delete(key),
} as unknown as Storage
beforeEach(() => stored.clear())
afterAll(() => {
  Reflect.deleteProperty(globalThis, "localStorage")
  if (before) Object.defineProperty(globalThis, "localStorage", before)
})

const lifeMs = 900_000

/** A server that takes each refresh token once, and ends the sign-in at the second time. */
class Server {
  nowMs = 1_000_000
  spent = 0
  isOver = false
  isAway = false
  readonly signedOut: object[] = []
  /** What all tabs can read at once. */
  kept: SignIn | null = null
  #ids = 0
  #queue: Promise<unknown> = Promise.resolve()

  tokens = () => ({
    access_token: `access ${this.spent}`,
    refresh_token: `refresh ${this.spent}`,
    expires_in: lifeMs / 1_000,
  })

  signIn = (): SignedIn => ({
    ...this.tokens(),
    user: { id: "0190", username: "ann", display_name: "Ann" },
  })

  readonly world: AccountWorld = {
    nowMs: () => this.nowMs,
    refresh: async (token) => {
      if (this.isAway) throw new KlatchError("closed", "away")
      if (token !== `refresh ${this.spent}`) this.isOver = true
      if (this.isOver) throw new KlatchError("unauthorized", "over")
      this.spent++
      return this.tokens()
    },
    signOut: async (by) => this.signedOut.push(by),
    turns: {
      newest: async () => this.kept,
      keep: async (signIn) => {
        this.kept = signIn
      },
    },
    newId: () => String(this.#ids++),
    alone: (held) => {
      const done = this.#queue.then(held)
      this.#queue = done.catch(() => {})
      return done
    },
  }
}

const ends = (account: Account): End[] => {
  const told: End[] = []
  account.onEnd = (why) => told.push(why)
  return told
}

const refusal = (asked: Promise<unknown>) =>
  asked.then(
    () => "taken",
    (error: KlatchError) => error.code,
  )

test("a token is used until shortly before its end, and then renewed once for all who ask", async () => {
  const server = new Server()
  const account = Account.begin(server.signIn(), server.world)
  server.nowMs += lifeMs - 60_001
  expect(await account.token()).toBe("access 0")
  server.nowMs += 1
  expect(await Promise.all([account.token(), account.token()])).toEqual(["access 1", "access 1"])
  expect(server.spent).toBe(1)
  const kept = { id: "0190", username: "ann", refreshToken: "refresh 1", signIn: "0", turn: 1 }
  expect([keptSignIn(), server.kept]).toEqual([kept, kept])
  server.nowMs += 1
  expect(await account.token()).toBe("access 1")
})

test("tabs renew one after the other, each with what the one before has kept", async () => {
  const server = new Server()
  Account.begin(server.signIn(), server.world)
  const tabs = Array.from({ length: 5 }, () => Account.kept(server.world) as Account)
  const got = await Promise.all(tabs.map((tab) => tab.token()))
  expect(new Set(got).size).toBe(5)
  expect(server.isOver).toBe(false)
  expect(keptSignIn()?.refreshToken).toBe("refresh 5")
})

test("a tab whose storage lags behind another's spends no token twice, and none of an earlier sign-in", async () => {
  const server = new Server()
  Account.begin(server.signIn(), server.world)
  const tabs = Array.from({ length: 3 }, () => Account.kept(server.world) as Account)
  const stale = keptSignIn()
  for (const tab of tabs) {
    keepSignIn(stale)
    await tab.token()
  }
  expect([server.isOver, server.kept?.turn]).toEqual([false, 3])
  const anew = Account.begin(server.signIn(), server.world)
  anew.expire()
  expect(await anew.token()).toBe("access 4")
  expect(server.kept).toEqual(keptSignIn())
})

test("a token that was refused is not used again, but a newer one is not thrown away for it", async () => {
  const server = new Server()
  const account = Account.begin(server.signIn(), server.world)
  account.expire("access 0")
  expect(await account.token()).toBe("access 1")
  account.expire("access 0")
  expect(await account.token()).toBe("access 1")
  account.expire()
  expect(await account.token()).toBe("access 2")
})

test("a server out of reach ends nothing; one that refuses ends the sign-in, and it is forgotten", async () => {
  const server = new Server()
  const account = Account.begin(server.signIn(), server.world)
  const told = ends(account)
  account.expire()
  server.isAway = true
  expect(await refusal(account.token())).toBe("closed")
  expect([told, keptSignIn()?.refreshToken]).toEqual([[], "refresh 0"])
  server.isAway = false
  server.isOver = true
  expect(await refusal(account.token())).toBe("unauthorized")
  expect(await refusal(account.token())).toBe("unauthorized")
  expect([told, keptSignIn()]).toEqual([["over"], null])
})

test("signing out forgets at once and tells the server, by the access token while it is good", async () => {
  const server = new Server()
  const first = Account.begin(server.signIn(), server.world)
  const told = ends(first)
  const asked = first.signOut()
  expect([told, keptSignIn()]).toEqual([["signed_out"], null])
  await asked
  const second = Account.begin(server.signIn(), server.world)
  server.nowMs += lifeMs
  await second.signOut()
  expect(server.signedOut).toEqual([{ access: "access 0" }, { refresh: "refresh 0" }])
})

test("a tab in which nothing happened yet does not undo that another one has signed out, or in anew", async () => {
  const server = new Server()
  Account.begin(server.signIn(), server.world)
  const tab = Account.kept(server.world) as Account
  const told = ends(tab)
  const asked = refusal(tab.token())
  // The answer is on its way while another tab signs out.
  keepSignIn(null)
  expect(await asked).toBe("unauthorized")
  expect([told, keptSignIn()]).toEqual([["signed_out"], null])
  const other = { id: "0191", username: "bob", refreshToken: "bob's", signIn: "1", turn: 0 }
  keepSignIn(other)
  tab.end("signed_out")
  expect(keptSignIn()).toEqual(other)
})

test("where nothing can be kept a sign-in lasts as long as its page", async () => {
  const server = new Server()
  const { setItem } = localStorage
  localStorage.setItem = () => {
    throw new Error("refused")
  }
  const account = Account.begin(server.signIn(), server.world)
  for (const token of ["access 1", "access 2"]) {
    account.expire()
    expect(await account.token()).toBe(token)
  }
  localStorage.setItem = setItem
  expect(keptSignIn()).toBeNull()
})
