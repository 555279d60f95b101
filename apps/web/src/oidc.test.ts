import { describe, expect, test } from "bun:test"
import { KlatchError } from "@klatch/client"
import { type Back, cameBack, challengeOf, leaveFor, type TabStorage } from "./oidc.ts"
import { oidcFault } from "./oidc-fault.ts"

const provider = {
  name: "Example",
  authorization_endpoint: "https://id.example/authorize?tenant=one",
  client_id: "chat",
  scope: "openid profile",
}
const page = { href: "https://chat.example/app/?r=hall#here", server: "https://chat.example/app" }

/** A tab that has left for the provider: what it keeps, and what it asked there. */
async function left() {
  const kept = new Map<string, string>()
  const storage: TabStorage = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
    removeItem: (key) => kept.delete(key),
  }
  const url = new URL(await leaveFor(provider, page, storage))
  const asked = Object.fromEntries(url.searchParams)
  const back = (answer: Record<string, string>) =>
    cameBack(`${page.server}/?${new URLSearchParams(answer)}`, storage)
  return { kept, url, asked, state: asked.state as string, back }
}

test("a challenge is made as RFC 7636 says (appendix B)", async () => {
  const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
  expect(await challengeOf(verifier)).toBe("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
})

describe("[A17] a tab that leaves for the provider", () => {
  test("asks for a code with a challenge, a state and a nonce that are new each time", async () => {
    const [one, two] = [await left(), await left()]
    expect(one.url.origin + one.url.pathname).toBe("https://id.example/authorize")
    const { state, nonce, code_challenge, ...rest } = one.asked
    expect(rest).toEqual({
      tenant: "one",
      response_type: "code",
      client_id: "chat",
      redirect_uri: "https://chat.example/app/",
      scope: "openid profile",
      code_challenge_method: "S256",
    })
    for (const name of ["state", "nonce", "code_challenge"])
      expect([one.asked[name]?.length, one.asked[name] === two.asked[name]]).toEqual([43, false])
    expect(new Set([state, nonce, code_challenge]).size).toBe(3)
  })

  test("takes the answer to its question, once, and is where it was before", async () => {
    const { asked, state, kept, back } = await left()
    const { verifier } = JSON.parse([...kept.values()][0] as string)
    expect(await challengeOf(verifier)).toBe(asked.code_challenge as string)
    const answer = { code: "c", state, iss: "https://id.example" }
    const { redirect_uri, nonce } = asked as Record<"redirect_uri" | "nonce", string>
    expect(back(answer)).toEqual({
      is: "code",
      name: "Example",
      address: page.href,
      given: { code: "c", code_verifier: verifier, nonce, redirect_uri, iss: "https://id.example" },
    })
    expect([back(answer), kept.size]).toMatchObject([{ is: "fault", why: "unknown" }, 0])
  })

  test("takes no answer to another question, and what it kept is not good any more then", async () => {
    const { state, back } = await left()
    const told = back({ code: "c", state: `${state}x`, iss: "i", r: "den" })
    expect(told).toEqual({
      is: "fault",
      why: "unknown",
      name: "",
      address: "https://chat.example/app/?r=den",
    })
    expect(back({ code: "c", state })).toMatchObject({ is: "fault", why: "unknown" })
  })

  test("is told why there is no code", async () => {
    for (const [error, why] of [
      ["access_denied", "denied"],
      ["server_error", "failed"],
    ] as const) {
      const { state, back } = await left()
      expect(back({ error, state })).toEqual({ is: "fault", why, name: "Example", address: page.href })
    }
  })

  test("reads no answer from an address that is none, and keeps what it kept", async () => {
    const { state, kept, back } = await left()
    for (const none of [{ r: "hall" }, { code: "c" }, { error: "e" }, { state }] as Record<string, string>[])
      expect(back(none)).toBeNull()
    expect(kept.size).toBe(1)
    const broken = { getItem: () => "{", setItem: () => {}, removeItem: () => {} }
    expect(cameBack(`${page.server}/?code=c&state=s`, broken)).toMatchObject({ why: "unknown" })
  })
})

test("why nobody is signed in is told in a sentence", () => {
  const back: Back = {
    is: "code",
    name: "Example",
    address: page.href,
    given: { code: "c", code_verifier: "v", nonce: "n", redirect_uri: page.href },
  }
  const told = (code: KlatchError["code"]) => oidcFault(back, new KlatchError(code, "said", 3_000))
  expect(told("unauthorized")).toBe("Signing in with Example did not work. Try again.")
  expect(told("forbidden")).toBe("This account is banned here.")
  expect(told("rate_limited")).toBe("Too many attempts. Try again in 3 seconds.")
  expect(told("unavailable")).toBe("Example cannot be reached. Try again in a moment.")
  expect(told("closed")).toBe("The server cannot be reached. Try again in a moment.")
})
