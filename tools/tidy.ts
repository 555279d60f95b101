import { isTest, lineAt, type Source } from "./source.ts"

/** Looks at one source and answers its faults, each as "path:line what". */
export type Check = (source: Source) => string[]

const server = "packages/server/src/"
const linesMax = 400
const testLinesMax = 500
const columnsMax = 120

/** The only files that ask the machine for the time, for a timer or for chance; all others are given them. */
const clocks = new Set([
  `${server}lib/clock.ts`,
  `${server}lib/random.ts`,
  "packages/client/src/clock.ts",
  "packages/client/src/random.ts",
  "packages/testing/src/virtual-clock.ts",
  "packages/testing/src/start-klatch.ts",
])

/** The only files of the tests that wait by the clock: they wait for a condition, or for the network to fall silent. */
const waiters = new Set(["tests/harness/wait.ts", "packages/client/src/testing/wait.ts"])

const bannedNames = ["utils", "util", "helpers", "helper", "common", "manager", "service", "types"]

/** Files and folders are kebab-case and named for the noun they own. */
export const fileNames: Check = ({ path }) => {
  const parts = path.replace(/(?:\.(?:test|sql|d|fixture))?\.(?:ts|tsx|mjs)$/, "").split("/")
  return parts.flatMap((part) => {
    if (part !== "." && !/^\.?[a-z0-9]+(?:-[a-z0-9]+)*$/.test(part))
      return [`${path} "${part}" is not kebab-case`]
    const last = part.split("-").at(-1) ?? ""
    return bannedNames.includes(last) ? [`${path} "${part}" names no noun`] : []
  })
}

/** A file is read in one sitting and fits the screen. */
export const size: Check = ({ path, text }) => {
  const lines = text.replace(/\n$/, "").split("\n")
  const max = isTest(path) ? testLinesMax : linesMax
  const wide = lines.flatMap((line, i) =>
    [...line].length > columnsMax ? [`${path}:${i + 1} ${[...line].length} columns`] : [],
  )
  return lines.length > max ? [`${path} ${lines.length} lines, more than ${max}`, ...wide] : wide
}

/** No default exports, enums, namespaces or `any`. */
export const language: Check = (source) => [
  ...inCode(source, /\bexport\s+default\b/g),
  ...inCode(source, /\bas\s+default\b/g),
  ...inCode(source, /\benum\s+[A-Za-z_$][\w$]*\s*\{/g),
  ...inCode(source, /^\s*(?:export\s+|declare\s+)*namespace\s+[A-Za-z_$][\w$.]*\s*\{/gm),
  ...inCode(source, /(?:[:<|&,(]\s*|\bas\s+|\bextends\s+)any\b(?=\s*(?:[;,)>=|&[\]{}]|$))/gm),
]

/** Work left for later is an issue, named where it will be done: TODO(#12). */
export const leftForLater: Check = (source) =>
  source.comments.flatMap(({ at, text }) =>
    [...text.matchAll(/\b(?:TODO|FIXME|XXX|HACK)\b(?!\(#\d+\))/g)].map((match) =>
      told(source, at + match.index, `${match[0]} without an issue`),
    ),
  )

/** Every test runs; `skipIf` is for what a machine cannot show, and npm test tells how many stayed away. */
export const noTestLeftOut: Check = (source) => [
  ...inCode(source, /\b(?:test|it|describe)(?:\.\w+)*\.(?:only|skip|todo|todoIf|if|failing)\s*\(/g),
  ...inCode(source, /\b[xf](?:test|it|describe)\s*\(/g),
]

/** Time, timers and chance are passed in, so that a test steps them and the simulator replays them. */
export const passedInTime: Check = (source) => {
  const { path } = source
  const ruled = [server, "packages/client/src/", "packages/react/src/", "packages/testing/src/"].some(
    (folder) => path.startsWith(folder),
  )
  if (!ruled || isTest(path) || clocks.has(path)) return []
  return [
    ...inCode(source, /(?<![\w$#])(?:setTimeout|setInterval|setImmediate)\b|\bBun\.sleep\w*/g),
    ...inCode(source, /\bDate\.now\b|\bnew Date\(\s*\)|\bMath\.random\b|\bperformance\.now\b/g),
  ]
}

/** Tests wait for a condition or step a clock. */
export const noSleep: Check = (source) => {
  if (!isTest(source.path) || waiters.has(source.path)) return []
  return inCode(
    source,
    /\bBun\.sleep\w*\s*\(|\bsetTimeout\(\s*(?:resolve|res|r|done|ok)\b|\bwaitForTimeout\s*\(/g,
  )
}

/** The only places that read the environment, each for its reason. */
const environmentPlaces: readonly RegExp[] = [
  /^(?:bin|bench)\//, // launchers and measurements: they hand it on, or are set by it
  /^packages\/server\/src\/config\//, // where it is checked
  /^packages\/server\/src\/(?:main|audit-verify)\.ts$/, // where it comes in
  /^packages\/server\/src\/db\/embedded\/environment\.ts$/, // what the programs we start find of it
  /^packages\/testing\/src\/start-klatch\.ts$/, // the server that is started gets it handed on
  /^tools\/fuzz\.ts$/, // the tests that are run get it handed on, with their seed
]

/** The environment is read once, where it is checked. */
export const environment: Check = (source) => {
  if (isTest(source.path) || environmentPlaces.some((place) => place.test(source.path))) return []
  return inCode(source, /\bprocess\.env\b|\bBun\.env\b|\bimport\.meta\.env\b/g)
}

const machine = [
  /(?<![\w.~/-])\/(?:home|Users|root|work|workspace|builds)\/[\w.-]+/g,
  /\b[A-Z]:\\Users\\/g,
  /\bregistry\.[a-z0-9-]+\.[a-z]{2,}|\/artifactory\/|_auth[T]oken/g,
  /"resolved":\s*"https?:/g,
]

/** Nothing names the machine or the registry it was written on. For every kind of text. */
export const ofNoMachine = (path: string, text: string): string[] =>
  machine.flatMap((pattern) =>
    [...text.matchAll(pattern)].map((match) => `${path}:${lineAt(text, match.index)} ${match[0]}`),
  )

/** Every dependency has one exact version. Faults of a package.json. */
export function exactVersions(path: string, text: string): string[] {
  const manifest = JSON.parse(text) as Record<string, Record<string, string> | undefined>
  return ["dependencies", "devDependencies", "optionalDependencies"].flatMap((kind) =>
    Object.entries(manifest[kind] ?? {})
      .filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))
      .map(([name, version]) => `${path} ${name} ${version}`),
  )
}

/** Relative links of a Markdown text lead to a file. `exists` is asked with a path from the checkout's root. */
export function links(path: string, text: string, exists: (path: string) => boolean): string[] {
  const prose = text.replace(/^(```|~~~)[\s\S]*?^\1/gm, blank).replace(/`[^`\n]*`/g, blank)
  const targets = [...prose.matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)|^\s*\[[^\]]+\]:\s+(\S+)/gm)]
  return targets.flatMap((match) => {
    const target = (match[1] ?? match[2] ?? "").replace(/[#?].*$/, "")
    if (target === "" || /^(?:[a-z][a-z0-9+.-]*:|\/\/)/i.test(target)) return []
    const base = target.startsWith("/")
      ? ""
      : path.includes("/")
        ? path.slice(0, path.lastIndexOf("/") + 1)
        : ""
    const file = new URL(base + target.replace(/^\//, ""), "file:///").pathname.slice(1)
    return exists(decodeURIComponent(file)) ? [] : [`${path}:${lineAt(text, match.index)} ${target}`]
  })
}

const blank = (text: string) => text.replace(/[^\n]/g, " ")

function inCode(source: Source, pattern: RegExp): string[] {
  return [...source.code.matchAll(pattern)].map((match) => told(source, match.index, match[0].trim()))
}

const told = ({ path, text }: Source, at: number, what: string) => `${path}:${lineAt(text, at)} ${what}`
