import { packageNames } from "./build-client.ts"
import { circles, faultsOf, type House, occurrences, resolve, ships, workspaceOf } from "./imports.ts"
import { isTest, lineAt } from "./source.ts"

const server = "packages/server/src/"

/** Where each part of the server stands: code imports only from what stands before it. */
const order: readonly (readonly string[])[] = [
  ["lib/"],
  ["config/"],
  ["observe/"],
  ["db/"],
  ["cluster/"],
  ["auth/"],
  ["log/"],
  ["live/"],
  ["chat/"],
  ["edge/http/", "edge/ws/"],
  ["app.ts", "app.test.ts"],
  ["supervisor.ts"],
  ["worker.ts"],
  ["main.ts", "main.test.ts", "audit-verify.ts"],
]

/** Parts that do not know each other although one stands before the other; app.ts joins them. */
const strangers: readonly (readonly [string, string])[] = [["live/", "log/"]]

/** Where the runtime's own API may be touched; all the rest runs anywhere. */
const bunPlaces = [
  /^packages\/server\/src\/(?:config|db|auth|edge)\//,
  /^packages\/server\/src\/live\/local/,
  /^packages\/server\/src\/(?:app|supervisor|worker|main)\.ts$/,
  /^(?:tests|tools|bench|examples)\//,
]

/** Tests that know the parts they test; all others reach the server over its public contract alone. */
const insideTests = /^tests\/(?:harness|contract|sim|chaos|verify)\//

interface Place {
  readonly part: string
  readonly rank: number
}

function placeOf(path: string): Place | undefined {
  const inside = path.slice(server.length)
  for (const [rank, parts] of order.entries()) {
    const part = parts.find((part) => (part.endsWith("/") ? inside.startsWith(part) : inside === part))
    if (part) return { part, rank }
  }
  return undefined
}

/** The server's folders import one way, in the order that ARCHITECTURE.md draws. */
export function serverOrder(house: House): string[] {
  const homeless = [...house.modules.keys()]
    .filter((path) => path.startsWith(server) && !placeOf(path))
    .map((path) => `${path} has no place in the order`)
  const wrong = faultsOf(house, (from, imported, target) => {
    if (!from.startsWith(server) || !target) return undefined
    const here = placeOf(from)
    if (!target.startsWith(server)) {
      if (!target.startsWith("tests/")) return undefined
      return isTest(from) && target.startsWith("tests/harness/") ? undefined : `imports ${target}`
    }
    const there = placeOf(target)
    if (!here || !there || here.part === there.part) return undefined
    if (here.rank <= there.rank) return `${here.part} imports ${there.part} (${imported.path})`
    const apart = strangers.some(([a, b]) => here.part === a && there.part === b)
    return apart && !isTest(from) ? `${here.part} must not know ${there.part} (${imported.path})` : undefined
  })
  return [...homeless, ...wrong]
}

/** Workspaces meet only by name, through what the other exports, and only those that may know each other. */
export function workspaceBorders(house: House): string[] {
  const mayKnow: Record<string, readonly string[]> = {
    "packages/protocol": [],
    "packages/client": ["packages/protocol"],
    "packages/react": ["packages/client", "packages/protocol"],
    "packages/testing": ["packages/protocol", "packages/client"],
    "packages/server": ["packages/protocol"],
    "apps/web": ["packages/client", "packages/protocol"],
  }
  return faultsOf(house, (from, { path }, target) => {
    const here = workspaceOf(house, from)
    const byName = house.workspaces.find(({ name }) => path === name || path.startsWith(`${name}/`))
    if (byName && !target) return `${path} is not exported by ${byName.name}`
    const there = target && workspaceOf(house, target)
    if (!there || there === here) return undefined
    if (!byName && !(insideTests.test(from) && target.startsWith(server)))
      return `reaches into ${there.folder}: ${path}`
    if (from.startsWith("tests/conformance/") && there.folder === "packages/server")
      return `is not black box: ${path}`
    const allowed = here && mayKnow[here.folder]
    if (!allowed || allowed.includes(there.folder) || isTest(from)) return undefined
    return `${here.folder} must not know ${there.folder} (${path})`
  })
}

/** The contract needs zod and nothing else. */
export const protocolIsPlain = (house: House): string[] =>
  faultsOf(house, (from, { path }) => {
    if (!from.startsWith("packages/protocol/") || isTest(from) || path.startsWith(".")) return undefined
    return path === "zod" ? undefined : `imports ${path}`
  })

/**
 * The SDK runs anywhere: no Node, no Bun, no framework, and of the contract only types, or constants from an exported
 * module that imports nothing at run time.
 */
export function clientRunsAnywhere(house: House): string[] {
  const own = (path: string) => path.startsWith("packages/client/") && ships(path)
  const isConstant = (target: string) => house.modules.get(target)?.every(({ typeOnly }) => typeOnly) ?? false
  const imports = faultsOf(house, (from, { path, typeOnly }, target) => {
    if (!own(from) || path.startsWith(".")) return undefined
    if (!path.startsWith("@klatch/protocol")) return `imports ${path}`
    if (typeOnly || (path !== "@klatch/protocol" && target && isConstant(target))) return undefined
    return `imports ${path} at run time`
  })
  return [...imports, ...occurrences(house, /(?<![.\w$])(?:process|Buffer|__dirname|require)\s*[.(]/g, own)]
}

/** What starts the real server for an application's tests: alone in its package it needs Node's modules. */
const startsServer = /^packages\/testing\/src\/(?:start-klatch|program)\.ts$/

/**
 * The in-memory Klatch runs where the SDK does, so that an application may test in any runner. It reads the contract,
 * and of the client only types: a test would otherwise hold two of it.
 */
export const testingRunsAnywhere = (house: House): string[] =>
  faultsOf(house, (from, { path, typeOnly }) => {
    if (!from.startsWith("packages/testing/") || isTest(from) || path.startsWith(".")) return undefined
    if (path === "@klatch/protocol" || (path === "@klatch/client" && typeOnly)) return undefined
    return path.startsWith("node:") && startsServer.test(from) ? undefined : `imports ${path}`
  })

/** The hooks are thin: React, and types of the SDK and the contract. So they bring no second copy of the SDK along. */
export const hooksAreThin = (house: House): string[] =>
  faultsOf(house, (from, { path, typeOnly }) => {
    if (!from.startsWith("packages/react/") || isTest(from) || path.startsWith(".") || path === "react")
      return undefined
    return typeOnly && /^@klatch\/(?:client|protocol)$/.test(path) ? undefined : `imports ${path}`
  })

/** Bun's own API is touched only where `bunPlaces` says. */
export function bunInItsPlaces(house: House): string[] {
  const elsewhere = (path: string) => !isTest(path) && !bunPlaces.some((place) => place.test(path))
  const imports = faultsOf(house, (from, { path }) =>
    elsewhere(from) && (path === "bun" || path.startsWith("bun:")) ? `imports ${path}` : undefined,
  )
  return [...imports, ...occurrences(house, /(?<![.\w$])Bun\s*[.[]/g, elsewhere)]
}

/** Only a noun's own folder knows its SQL module. */
export const sqlStaysHome = (house: House): string[] =>
  faultsOf(house, (from, _imported, target) => {
    if (!target?.startsWith(`${server}chat/`) || !target.endsWith(".sql.ts")) return undefined
    const home = target.slice(0, target.lastIndexOf("/") + 1)
    return from.startsWith(home) ? undefined : `imports ${target}, which belongs to ${home}`
  })

const statements = [
  /^\s*(?:SELECT\s|INSERT\s+INTO\s|UPDATE\s+\S+\s+SET\s|DELETE\s+FROM\s)/,
  /^\s*WITH\s+(?:RECURSIVE\s+)?\w+\s*(?:\([^)]*\)\s*)?AS\s/,
  /^\s*select\s[\s\S]*\sfrom\s/i,
]

/** Text that begins like an SQL statement stands only in x.sql.ts files, in db/, in tests and benches. */
export const sqlInItsPlaces = (house: House): string[] =>
  house.sources
    .filter(
      ({ path }) =>
        !path.endsWith(".sql.ts") && !/^packages\/server\/src\/db\/|^bench\//.test(path) && ships(path),
    )
    .flatMap((source) =>
      source.literals
        .filter(({ text }) => statements.some((statement) => statement.test(text)))
        .map(({ at, text }) => `${source.path}:${lineAt(source.text, at)} ${text.trim().slice(0, 40)}`),
    )

/** Packages that ship as one module, with what they use of ours in it. */
const bundled = new Set(packageNames.map((name) => `packages/${name}`))

/**
 * What is imported from npm is declared where it is used; what ships does not live on devDependencies, but what is
 * bundled does. An example is no package of its own: it may use what any package here is developed with.
 */
export const declaredDependencies = (house: House, rootDevDependencies: readonly string[]): string[] =>
  faultsOf(house, (from, { path, typeOnly }) => {
    if (/^(?:\.|node:|bun:|bun$)/.test(path)) return undefined
    const name = path.split("/", path.startsWith("@") ? 2 : 1).join("/")
    const here = workspaceOf(house, from)
    const lenient = isTest(from) || typeOnly || !here || here.folder === "bench"
    const ours = house.workspaces.some((workspace) => workspace.name === name)
    const comesAlong = ours && here !== undefined && bundled.has(here.folder)
    const declared = [
      ...(here?.dependencies ?? []),
      ...(lenient || comesAlong ? (here?.devDependencies ?? []) : []),
      ...(lenient ? rootDevDependencies : []),
      ...(from.startsWith("examples/") ? house.workspaces.flatMap((one) => one.devDependencies) : []),
    ]
    if (declared.includes(name) || (ours && (lenient || here?.name === name))) return undefined
    return `${path} is not among the dependencies of ${here?.folder ?? "the root"}`
  })

/** Relative imports name the file, with its ending, and the file is there. */
export const endingsWritten = (house: House): string[] =>
  faultsOf(house, (from, { path }) => {
    const target = path.startsWith(".") ? resolve(house, from, path) : undefined
    if (!target || /\.(?:ts|tsx|mjs|json|css|html|svg|txt|sql)$/.test(target)) return undefined
    return `${path} has no ending`
  })

/** No module leads back to itself. */
export const noCircles = (house: House): string[] => circles(house)
