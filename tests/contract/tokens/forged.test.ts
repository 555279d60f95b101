import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { randomBytes, randomUUID } from "node:crypto"
import { AccessTokens } from "../../../packages/server/src/auth/access-tokens.ts"
import { systemClock } from "../../../packages/server/src/lib/clock.ts"
import { type ServerProcess, startServer } from "../../harness/server.ts"
import { until } from "../../harness/until.ts"
import { type Door, doors } from "./door.ts"
import { badClaims, badTexts, misplaced } from "./forged-claims.ts"
import { type Forged, misusedKeys, ownKeys, publicSecrets, unsigned } from "./forged-keys.ts"
import { badShapes, badSignatures } from "./forged-shape.ts"
import { type Good, goodTokens } from "./good.ts"
import { Issuer } from "./issuer.ts"
import { compact, jwkOf, makeKey } from "./jws.ts"
import { KeyServer } from "./key-server.ts"
import { Person } from "./person.ts"

setDefaultTimeout(60_000)

const issuer = new Issuer()
const strangerKey = makeKey("RS256", "stranger")
const encryption = { ...strangerKey, kid: "encryption" }
const shared = Buffer.from("a secret that somebody published")
const odd = [
  { ...jwkOf(encryption), use: "enc" },
  { kty: "oct", kid: "shared", alg: "HS256", k: shared.toString("base64url") },
]
const keys = new KeyServer([...issuer.keys, ...odd])
const stranger = new KeyServer([strangerKey])
let server: ServerProcess

beforeAll(async () => {
  server = await startServer({ env: issuer.environment(keys.url) })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  keys[Symbol.dispose]()
  stranger[Symbol.dispose]()
})

/** Works through `items`, a few at a time. */
async function each<T>(items: readonly T[], work: (item: T) => Promise<void>, atOnce = 8): Promise<void> {
  const left = [...items]
  const worker = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

const tries = (tokens: readonly Forged[]): { name: string; token: string; door: Door }[] =>
  tokens.flatMap(([name, token]) =>
    Object.entries(doors).map(([way, door]) => ({ name: `${name}, ${way}`, token, door })),
  )

/** Those of whom the server did not find out who they are. */
async function missed(tokens: readonly Good[]): Promise<string[]> {
  const missing: string[] = []
  const all = tokens.flatMap((one) => Object.entries(doors).map(([way, door]) => ({ ...one, way, door })))
  await each(all, async ({ username, token, alg, way, door }) => {
    const outcome = await door(server, token)
    if (outcome.username !== username) missing.push(`${alg} ${username} ${way}: ${JSON.stringify(outcome)}`)
  })
  return missing
}

/** A token as another server gives it to a user of the same id. */
async function foreignAccess(userId: string): Promise<string> {
  const tokens = new AccessTokens(randomBytes(32), systemClock, randomUUID)
  return (await tokens.issue(userId, randomUUID())).token
}

describe("tokens of the application's issuer:", () => {
  const before = goodTokens(issuer, "before", 50)

  test("[A5] good ones of every algorithm are accepted by every door: 50 of 50", async () => {
    expect(await missed(before)).toEqual([])
  })

  test("[A5] forged ones are accepted by no door", async () => {
    const [person, { access, refresh }] = await Person.at(server)
    const ticket = await person.ticket(access)
    await using line = await person.line(access)
    const userId = line.userId as string
    const forged: Forged[] = [
      ...unsigned(issuer),
      ...publicSecrets(issuer),
      ...ownKeys(issuer, strangerKey, stranger.url),
      ...misusedKeys(issuer),
      ...badSignatures(issuer),
      ...badShapes(issuer),
      ...badClaims(issuer),
      ...badTexts(issuer),
      ...misplaced(issuer, { access, refresh, ticket, userId }, await foreignAccess(userId)),
      [
        "a key that is for encryption",
        compact({ alg: "RS256", kid: "encryption" }, issuer.claims(), "RS256", encryption.privateKey),
      ],
      [
        "a secret that is published",
        compact({ alg: "HS256", kid: "shared" }, issuer.claims(), "HS256", shared),
      ],
    ]
    expect(new Set(forged.map(([name]) => name)).size).toBe(forged.length)
    const accepted: string[] = []
    const failures: string[] = []
    await each(tries(forged), async ({ name, token, door }) => {
      const { username, refused } = await door(server, token)
      if (username !== undefined) accepted.push(name)
      else if (!/^(?:4..|unauthorized|invalid_field|too_large|1009)$/.test(refused ?? ""))
        failures.push(`${name}: ${refused}`)
    })
    console.log(
      `${forged.length} forged tokens by ${Object.keys(doors).length} doors: accepted ${accepted.length}`,
    )
    expect(forged.length).toBeGreaterThanOrEqual(80)
    expect(accepted).toEqual([])
    expect(failures).toEqual([])
  })

  test("no key is fetched from where a token says", () => {
    expect(stranger.asked).toEqual([])
    expect(new Set(keys.asked)).toEqual(new Set(["/keys.json"]))
  })

  test("[A5] after the keys were rotated new ones are accepted: with the old ones 100 of 100", async () => {
    issuer.rotate()
    keys.keys = issuer.keys
    const after = goodTokens(issuer, "after", 50)
    const first = after.find(({ alg }) => alg !== "HS256") as Good
    const startMs = performance.now()
    await until("the new keys to be fetched", async () => {
      const [door] = Object.values(doors) as [Door]
      return (await door(server, first.token)).username
    })
    const tookMs = Math.round(performance.now() - startMs)
    const missing = [...(await missed(after)), ...(await missed(before))]
    console.log(
      `100 good tokens, keys rotated in between (known after ${tookMs} ms): accepted ${100 - missing.length}`,
    )
    expect(missing).toEqual([])
  })
})
