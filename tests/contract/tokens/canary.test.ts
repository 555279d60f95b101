import { expect, setDefaultTimeout, test } from "bun:test"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { ask } from "../../conformance/answer.ts"
import { startServer } from "../../harness/server.ts"
import { Canaries, canariesIn } from "./canary.ts"
import { passwordPlaces, places, type Scene } from "./canary-places.ts"
import { Issuer } from "./issuer.ts"
import { Person, type SignIn, signInOf } from "./person.ts"

setDefaultTimeout(90_000)

const canariesMin = 1_000

/** Every file under `dir`, by its path in there. */
const filesOf = (dir: string): Map<string, Buffer> =>
  new Map(
    readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path.slice(dir.length + 1), readFileSync(path)]),
  )

test("a canary is found wherever it is written", () => {
  const canaries = new Canaries()
  for (const before of ["", "a", "ab", "abc", `{"sub":"`, `{"jti":"`]) {
    const canary = canaries.next()
    const text = `${before}${canary}`
    for (const form of [text, text.toUpperCase(), btoa(text), Buffer.from(text).toString("base64url")])
      expect([form, canariesIn(`x ${form} y`).length > 0]).toEqual([form, true])
  }
  expect(canariesIn(`an ordinary line with cafe, seed and office ${"0123456789abcdef".repeat(99)}`)).toEqual(
    [],
  )
})

test("no token is found in what the server prints, answers, counts or keeps", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "klatch-canary-"))
  const issuer = new Issuer()
  const canaries = new Canaries()
  const { JWKS_URL: _, ENABLE_PERSISTENCE: __, ...env } = issuer.environment("")
  const said = new Map<string, string[]>()
  const real: string[] = []
  const server = await startServer({ dataDir, env: { ...env, LOG_LEVEL: "trace" } })
  try {
    const [person, first] = await Person.at(server)
    const scene: Scene = { at: server, canaries, issuer, access: first.access, username: person.username }
    for (const [name, place] of Object.entries(passwordPlaces)) said.set(name, await place(scene))
    for (let round = 0; canaries.count < canariesMin; round++)
      for (const [name, place] of Object.entries(places)) said.set(`${name} ${round}`, await place(scene))
    const second = signInOf(await person.post("/auth/refresh", { refresh_token: first.refresh }))
    const tickets = [await person.ticket(second.access), await person.ticket(second.access)]
    await using line = await person.line(second.access)
    expect(line.username).toBe(person.username)
    await (await person.line(issuer.sign("HS256")))[Symbol.asyncDispose]()
    await person.post("/auth/refresh", { refresh_token: first.refresh })
    real.push(...[first, second].flatMap(partsOf), ...tickets, person.password, issuer.secret)
    said.set("metrics", [(await ask("GET /metrics", { at: server })).text])
  } finally {
    await server.stop()
  }
  const files = filesOf(dataDir)
  rmSync(dataDir, { recursive: true, force: true })
  const printed = server.lines.join("\n")
  const bytes = [...files.values()].reduce((sum, file) => sum + file.length, 0)
  const leaks = [
    ...canariesIn(printed).map((leak) => `printed: ${leak}`),
    ...[...said].flatMap(([name, texts]) => texts.flatMap(canariesIn).map((leak) => `${name}: ${leak}`)),
    ...[...files].flatMap(([path, file]) => canariesIn(file).map((leak) => `${path}: ${leak}`)),
    ...real.flatMap((secret) => [
      ...(printed.includes(secret) ? [`printed: ${secret}`] : []),
      ...[...files].flatMap(([path, file]) => (file.includes(secret) ? [`${path}: ${secret}`] : [])),
    ]),
  ]
  const placeCount = Object.keys({ ...places, ...passwordPlaces }).length
  console.log(`n=${canaries.count} canaries in ${placeCount} places, found ${leaks.length}`)
  console.log(
    `looked at ${server.lines.length} lines, ${said.size} kinds of answers, ${files.size} files, ${bytes} bytes`,
  )
  expect(printed).toContain(`"event":"connected"`)
  expect([...files.keys()].some((path) => path.endsWith("postgres.log"))).toBe(true)
  expect([...files.values()].some((file) => file.includes("$argon2id$"))).toBe(true)
  expect([...said.values()].every((texts) => texts.length > 0)).toBe(true)
  expect(canaries.count).toBeGreaterThanOrEqual(canariesMin)
  expect(leaks).toEqual([])
})

const partsOf = ({ access, refresh }: SignIn) => [
  access.split(".")[2] as string,
  refresh.split(".")[1] as string,
]
