import { describe, expect, test } from "bun:test"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { readText, root } from "./source.ts"
import { workspaceFolders } from "./workspaces.ts"

interface Instruction {
  readonly name: string
  readonly words: readonly string[]
}

const known =
  "ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL RUN STOPSIGNAL USER VOLUME WORKDIR".split(" ")

/** The instructions of a Dockerfile, continued lines joined, comments dropped. */
const instructionsOf = (text: string): Instruction[] =>
  text
    .replace(/^\s*#.*\n/gm, "")
    .replace(/\\\n/g, " ")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [name = "", ...words] = line.trim().split(/\s+/)
      return { name, words }
    })

/** What is wrong with a Dockerfile, as far as reading tells. `exists` is asked for what COPY takes. */
function dockerfileFaults(text: string, exists: (path: string) => boolean): string[] {
  const stages = new Set<string>()
  return instructionsOf(text).flatMap(({ name, words }, i) => {
    if (!known.includes(name)) return [`unknown instruction ${name}`]
    if (i === 0 && name !== "FROM") return ["does not begin with FROM"]
    if (name === "FROM" && words[1] === "AS" && words[2]) stages.add(words[2])
    if (name !== "COPY") return []
    const from = words.find((word) => word.startsWith("--from="))?.slice("--from=".length)
    if (from) return stages.has(from) ? [] : [`no stage ${from}`]
    return words.slice(0, -1).flatMap((path) => (exists(path) ? [] : [`nothing to COPY at ${path}`]))
  })
}

/** Whether the build sees `path`: there, and not kept away by .dockerignore. The last pattern that matches decides. */
function reachesBuild(path: string, ignored: string): boolean {
  const patterns = ignored.split("\n").filter((line) => line !== "" && !line.startsWith("#"))
  return patterns.reduce(
    (seen, pattern) => {
      const glob = new Bun.Glob(pattern.replace(/^!/, ""))
      return glob.match(path) ? pattern.startsWith("!") : seen
    },
    existsSync(join(root, path)),
  )
}

describe("deploy/Dockerfile", () => {
  const text = readText("deploy/Dockerfile")
  const instructions = instructionsOf(text)
  const wordsOf = (name: string) =>
    instructions.filter((instruction) => instruction.name === name).map(({ words }) => words)

  test("can be built from this checkout", () => {
    const ignored = readText(".dockerignore")
    expect(dockerfileFaults(text, (path) => reachesBuild(path, ignored))).toEqual([])
  })

  test("installs from every workspace's package.json", () => {
    const copied = wordsOf("COPY").flatMap((words) => words.slice(0, -1))
    const missing = workspaceFolders().filter((folder) => !copied.includes(`${folder}/package.json`))
    expect(missing).toEqual([])
  })

  test("runs as nobody special, keeps its data in a volume, and tells its health and port", () => {
    expect(wordsOf("FROM").map(([image]) => image)).toEqual(["node:20-slim", "node:20-slim"])
    expect(wordsOf("USER").at(-1)).toEqual(["node"])
    expect(wordsOf("VOLUME")).toEqual([["/data"]])
    expect(wordsOf("ENV").flat()).toContain("DATA_DIR=/data")
    expect(wordsOf("EXPOSE")).toEqual([["8080"]])
    expect(wordsOf("HEALTHCHECK").flat().join(" ")).toContain("/healthz")
    expect(wordsOf("HEALTHCHECK").flat()).not.toContain("curl")
    expect(wordsOf("CMD").at(-1)?.join(" ")).toBe('["node", "bin/start.mjs"]')
  })

  test("is read by a checker that can fail", () => {
    const nothing = () => false
    const all = () => true
    expect(dockerfileFaults("FROM a AS b\nCOPY --from=b x y\n", nothing)).toEqual([])
    expect(dockerfileFaults("RUN a\nFROM b\n", all)).toHaveLength(1)
    expect(dockerfileFaults("FROM a\nRUNN b\n", all)).toHaveLength(1)
    expect(dockerfileFaults("FROM a\nCOPY --from=b x y\n", all)).toHaveLength(1)
    expect(dockerfileFaults("FROM a\nCOPY x \\\n  y z\n", nothing)).toHaveLength(2)
    expect(reachesBuild("package.json", "*.md\n")).toBe(true)
    expect(reachesBuild("package.json", "*.json\n")).toBe(false)
    expect(reachesBuild("package.json", "*.json\n!package.json\n")).toBe(true)
    expect(reachesBuild("no-such-file", "")).toBe(false)
  })
})

interface Service {
  readonly image: string
  readonly profiles?: readonly string[]
  readonly build?: { readonly context: string; readonly dockerfile: string }
  readonly environment?: Readonly<Record<string, string | null>>
  readonly volumes?: readonly string[]
  readonly ports?: readonly string[]
  readonly depends_on?: Readonly<Record<string, unknown>>
}

describe("deploy/compose.yaml", () => {
  const compose = Bun.YAML.parse(readText("deploy/compose.yaml")) as {
    services: Record<string, Service>
    volumes: Record<string, unknown>
  }
  const of = (profile?: string) =>
    Object.entries(compose.services).flatMap(([name, { profiles }]) =>
      profiles?.[0] === profile ? [name] : [],
    )

  test("starts one server alone, and one with a PostgreSQL apart on request", () => {
    expect(of()).toEqual(["klatch"])
    expect(of("postgres").sort()).toEqual(["klatch-postgres", "postgres"])
    expect(compose.services.postgres?.image).toBe("postgres:18")
  })

  test("gives each server the image, a port of its own, and what it needs", () => {
    const servers = ["klatch", "klatch-postgres"].map((name) => compose.services[name])
    for (const server of servers)
      expect(existsSync(join(root, "deploy", server?.build?.context ?? "x"))).toBe(true)
    for (const server of servers) expect(existsSync(join(root, server?.build?.dockerfile ?? "x"))).toBe(true)
    expect(new Set(servers.flatMap((server) => server?.ports ?? [])).size).toBe(2)
    expect(compose.services.klatch?.volumes).toEqual(["data:/data"])
    expect(servers[1]?.environment?.DATABASE_URL).toContain("@postgres:5432/")
    expect(Object.keys(servers[1]?.depends_on ?? {})).toEqual(["postgres"])
  })

  test("sets nothing that stops the start of this version", async () => {
    for (const name of ["klatch", "klatch-postgres"]) {
      const { environment } = compose.services[name] as Service
      expect(Object.keys(environment ?? {}).filter((key) => /^(REDIS|JWT|JWKS)_/.test(key))).toEqual([])
      expect(environment?.AUTH).toBe("open")
    }
  })

  test("declares every named volume and every service that another waits for", () => {
    const services = Object.values(compose.services)
    for (const volume of services.flatMap((service) => service.volumes ?? [])) {
      expect(Object.keys(compose.volumes)).toContain(volume.split(":")[0] as string)
    }
    for (const name of services.flatMap((service) => Object.keys(service.depends_on ?? {}))) {
      expect(Object.keys(compose.services)).toContain(name)
    }
  })
})
