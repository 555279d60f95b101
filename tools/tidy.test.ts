import { describe, expect, test } from "bun:test"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { isTest, listFiles, readSources, readText, root, source } from "./source.ts"
import { specFaults } from "./spec-rules.ts"
import {
  type Check,
  environment,
  exactVersions,
  fileNames,
  language,
  leftForLater,
  links,
  noSleep,
  noTestLeftOut,
  ofNoMachine,
  passedInTime,
  size,
} from "./tidy.ts"

const files = listFiles()
const sources = readSources(files)
const texts = files.filter((path) =>
  /(?:\.(?:ts|tsx|mjs|md|json|ya?ml|toml|sql|css|html|sh)|file)$/.test(path),
)
const found = (check: Check) => sources.flatMap(check)
const specPath = "SPEC.md"

describe("tidy:", () => {
  test("there is something to judge", () => expect(sources.length).toBeGreaterThan(20))
  test("files are kebab-case and named for a noun", () => expect(found(fileNames)).toEqual([]))
  test("files and lines are short", () => expect(found(size)).toEqual([]))
  test("no default exports, enums, namespaces, any", () => expect(found(language)).toEqual([]))
  test("what is left for later has an issue", () => expect(found(leftForLater)).toEqual([]))
  test("no test is left out", () => expect(found(noTestLeftOut)).toEqual([]))
  test("time, timers and chance are passed in", () => expect(found(passedInTime)).toEqual([]))
  test("tests never sleep", () => expect(found(noSleep)).toEqual([]))
  test("the environment is read in its place", () => expect(found(environment)).toEqual([]))

  test("nothing names a machine or a registry", () => {
    expect(texts.flatMap((path) => ofNoMachine(path, readText(path)))).toEqual([])
  })

  test("every dependency has one exact version", () => {
    const manifests = files.filter((path) => /(?:^|\/)package\.json$/.test(path))
    expect(manifests.flatMap((path) => exactVersions(path, readText(path)))).toEqual([])
  })

  test("relative links of the documents resolve", () => {
    const exists = (path: string) => existsSync(join(root, path))
    const documents = files.filter((path) => path.endsWith(".md"))
    expect(documents.flatMap((path) => links(path, readText(path), exists))).toEqual([])
  })

  test("every rule of SPEC.md has its test, and every number in a title its rule", () => {
    const spec = existsSync(join(root, specPath)) ? readText(specPath) : undefined
    const tests = sources.filter(
      ({ path }) => /(\.test|-suite)\.tsx?$/.test(path) && !path.startsWith("tools/"),
    )
    expect(spec === undefined ? [] : specFaults(spec, tests)).toEqual([])
  })

  test("every test file belongs to a step of npm test", () => {
    const { stdout, exitCode } = Bun.spawnSync(["node", join(root, "bin/test.mjs"), "--list"])
    expect(exitCode).toBe(0)
    const folders = [...stdout.toString().matchAll(/ bun test (.+)$/gm)].flatMap(
      (line) => line[1]?.split(" ") ?? [],
    )
    expect(folders).toContain("packages")
    const strays = files.filter(
      (path) => /\.test\.tsx?$/.test(path) && !folders.some((folder) => path.startsWith(`${folder}/`)),
    )
    expect(strays).toEqual([])
  })
})

/** How many faults `check` finds in `text` at `path`. */
const count = (check: Check, text: string, path = "packages/server/src/chat/a.ts") =>
  check(source(path, text)).length

describe("the tidy checkers can fail:", () => {
  test("file names", () => {
    for (const path of [
      "a/Room.ts",
      "a/room_log.ts",
      "a/utils.ts",
      "a/chat-service.ts",
      "Common/a.ts",
      "types/a.ts",
    ]) {
      expect([path, count(fileNames, "", path)]).toEqual([path, 1])
    }
    for (const path of ["a/room-log.sql.ts", "a/x.test.ts", ".ci/a.ts", "apps/web/src/service-worker.ts"]) {
      expect([path, count(fileNames, "", path)]).toEqual([path, 0])
    }
  })

  test("size", () => {
    const lines = (n: number) => "a\n".repeat(n)
    expect(count(size, lines(400))).toBe(0)
    expect(count(size, lines(401))).toBe(1)
    expect(count(size, lines(500), "a/b.test.ts")).toBe(0)
    expect(count(size, lines(501), "a/b.test.ts")).toBe(1)
    expect(count(size, "é".repeat(120))).toBe(0)
    expect(count(size, "x".repeat(121))).toBe(1)
  })

  test("language", () => {
    const wrong = [
      "export default 1",
      "const enum A { B }",
      "export namespace A {",
      "let a: any",
      "f(a as any)",
      "type A = B<any>",
      "let a: any[] = []",
      "let m: Map<string, any>",
    ]
    for (const text of wrong) expect([text, count(language, text)]).toEqual([text, 1])
    const right = [
      "// any default",
      'const a = "export default any"',
      "Promise.any([])",
      "const any = 1",
      "a.enum",
    ]
    for (const text of right) expect([text, count(language, text)]).toEqual([text, 0])
  })

  test("left for later", () => {
    expect(count(leftForLater, `// ${"TO"}DO: all`)).toBe(1)
    expect(count(leftForLater, `/* ${"FIX"}ME */`)).toBe(1)
    expect(count(leftForLater, "// TODO(#12): all")).toBe(0)
  })

  test("tests left out", () => {
    const wrong = ["test.only(", "describe.skip(", "it.todo(", "test.if(", "test.concurrent.skip(", "xtest("]
    for (const text of wrong) expect([text, count(noTestLeftOut, text)]).toEqual([text, 1])
    for (const text of ["test(", "test.each(", "describe.skipIf(isMac)(", "rows.skip(1)", "exit("]) {
      expect([text, count(noTestLeftOut, text)]).toEqual([text, 0])
    }
  })

  test("time, timers, chance and sleep", () => {
    const wrong = [
      "setTimeout(f)",
      "globalThis.setInterval(f)",
      "Date.now()",
      "new Date()",
      "Math.random()",
      "performance.now()",
    ]
    for (const text of wrong) {
      expect([text, count(passedInTime, text)]).toEqual([text, 1])
      expect(count(passedInTime, text, "packages/client/src/a.ts")).toBe(1)
      expect(count(passedInTime, text, "packages/server/src/lib/clock.ts")).toBe(0)
      expect(count(passedInTime, text, "bench/a.ts")).toBe(0)
    }
    expect(count(passedInTime, "new Date(clock.now())\nclock.after(1, f)")).toBe(0)
    const sleeps = [
      "await Bun.sleep(5)",
      "new Promise((resolve) => setTimeout(resolve, 5))",
      "page.waitForTimeout(5)",
    ]
    for (const text of sleeps) expect([text, count(noSleep, text, "a/b.test.ts")]).toEqual([text, 1])
    expect(count(noSleep, "clock.step(5)", "a/b.test.ts")).toBe(0)
    expect(count(noSleep, sleeps[1] as string, "tests/harness/wait.ts")).toBe(0)
  })

  test("environment and machine", () => {
    expect(count(environment, "process.env.PORT")).toBe(1)
    expect(count(environment, "process.env.PORT", "packages/server/src/config/environment.ts")).toBe(0)
    expect(count(environment, "process.env.PORT", "a/b.test.ts")).toBe(0)
    const wrong = ["home/ann/klatch", "Users/ann/klatch", "root/x"].map((path) => `see /${path}`)
    wrong.push(
      ["https://registry", "example.org/a"].join("."),
      ['"resolved"', ' "https://x/a.tgz"'].join(":"),
    )
    for (const text of wrong) expect([text, ofNoMachine("a.md", text).length]).toEqual([text, 1])
    expect(ofNoMachine("a.md", "tests/root/x and https://example.org/home/ann, /var/lib/x")).toEqual([])
  })

  test("versions", () => {
    const manifest = (version: string) => JSON.stringify({ dependencies: { a: version } })
    for (const version of ["^1.0.0", "~1.0.0", "1", "*", "latest", ">=1.0.0", "github:a/b"]) {
      expect(exactVersions("package.json", manifest(version))).toHaveLength(1)
    }
    for (const version of ["1.0.0", "18.4.0-beta.17"])
      expect(exactVersions("package.json", manifest(version))).toEqual([])
  })

  test("links", () => {
    const here = (path: string) => ["README.md", "docs/a.md"].includes(path)
    expect(
      links("docs/b.md", "[x](../README.md#top) [y](a.md) [z](https://x.org) [w](#w) `[v](none.md)`", here),
    ).toEqual([])
    expect(links("docs/b.md", "\n[x](none.md)", here)).toEqual(["docs/b.md:2 none.md"])
    expect(links("README.md", "[x]: docs/none.md", here)).toHaveLength(1)
    expect(links("README.md", "```\n[x](none.md)\n```", here)).toEqual([])
  })

  test("rules and titles", () => {
    const spec = "# S\n- **C1** a\n- **C2** b\n"
    const tests = (text: string) => [source("a/b.test.ts", text)]
    expect(specFaults(spec, tests('test("[C1] a", f)\ntest.each([1])("[C2] b", f)'))).toEqual([])
    expect(specFaults(spec, tests("describe('[C1, C2] both', f)"))).toEqual([])
    expect(specFaults(spec, tests('test("[C1] a", f)'))).toEqual(["SPEC.md:3 C2 has no test"])
    expect(specFaults(spec, tests('test("[C1, C2, C3] a", f)'))).toEqual(["a/b.test.ts:1 [C3] is no rule"])
    expect(specFaults(spec, tests('// [C1]\nconst a = "[C1]"\ntest("[C2]", f)'))).toEqual([
      "SPEC.md:2 C1 has no test",
    ])
    expect(specFaults(`${spec}- **C1** again`, tests('test("[C1, C2]", f)'))).toEqual([
      "SPEC.md:4 C1 is there twice",
    ])
  })

  test("tests and what serves them are told from what ships", () => {
    const served = [
      "a/b.test.ts",
      "tests/harness/node.ts",
      "tools/tidy.ts",
      "packages/client/src/testing/fake.ts",
    ]
    expect(served.map(isTest)).toEqual([true, true, true, true])
    expect(["packages/client/src/room.ts", "bench/run.ts"].map(isTest)).toEqual([false, false])
  })
})
