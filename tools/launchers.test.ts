import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { hostname, tmpdir } from "node:os"
import { basename, dirname, join } from "node:path"
import { root } from "./source.ts"

// Small checkouts in a temporary directory, where npm is a script that counts its calls and "installs" this Bun.

const bunPackage = `bun-${process.platform}-${process.arch === "arm64" ? "aarch64" : process.arch}`
const scratch = mkdtempSync(join(tmpdir(), "klatch-launchers-"))
const limitMs = 30_000
let count = 0

const npmScript = `#!/bin/sh
echo "$@" >> npm-calls
[ -e npm-fails ] && { cat npm-fails >&2; exit 1; }
[ -e npm-refuses ] && [ "$1" = ci ] && { echo "npm error code EUSAGE" >&2; exit 1; }
rm -rf node_modules
mkdir -p node_modules/@oven/${bunPackage}/bin node_modules/a
ln -s "$KLATCH_TEST_BUN" node_modules/@oven/${bunPackage}/bin/bun
cp package-lock.json node_modules/.package-lock.json
`

/** What a server would do with the launcher's pipe and with signals. */
const server = `
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => { console.log("got", signal); process.exit(7) })
console.log("up", process.argv.slice(2).join(" "))
for await (const _ of Bun.file(Number(process.env.KLATCH_LAUNCHER_FD)).stream());
console.log("launcher gone")
`

setDefaultTimeout(limitMs)
beforeAll(() => {
  mkdirSync(join(scratch, "path"))
  writeFileSync(join(scratch, "path", "npm"), npmScript)
  chmodSync(join(scratch, "path", "npm"), 0o755)
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

function checkout(files: Record<string, string> = {}): string {
  const folder = join(scratch, `checkout-${++count}`)
  const all = {
    "package.json": JSON.stringify({ type: "module", dependencies: { bun: Bun.version } }),
    "package-lock.json": JSON.stringify({ packages: { "": {}, "node_modules/a": { version: "1.0.0" } } }),
    "packages/server/src/main.ts": server,
    ...files,
  }
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  cpSync(join(root, "bin"), join(folder, "bin"), { recursive: true })
  return folder
}

const { npm_execpath: _theirs, ...inherited } = process.env
const environment = {
  ...inherited,
  PATH: `${join(scratch, "path")}:${process.env.PATH}`,
  KLATCH_TEST_BUN: process.execPath,
}

function start(folder: string, args: string[], env: Record<string, string> = {}) {
  const child = Bun.spawn(["node", ...args], {
    cwd: folder,
    env: { ...environment, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: limitMs,
  })
  return { child, out: new Lines(child.stdout), err: new Response(child.stderr).text() }
}

async function run(folder: string, args: string[], env: Record<string, string> = {}) {
  const { child, out, err } = start(folder, args, env)
  const [code, stdout, stderr] = [await child.exited, await out.rest(), await err]
  return { code, stdout, stderr }
}

/** Reads a stream until words that are waited for, or to its end. */
class Lines {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  #text = ""

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader()
  }

  async until(words: string): Promise<string> {
    while (!this.#text.includes(words)) {
      const { value, done } = await this.#reader.read()
      if (done) break
      this.#text += new TextDecoder().decode(value)
    }
    return this.#text
  }

  rest = () => this.until("\0")
}

const npmCalls = (folder: string) => {
  const file = join(folder, "npm-calls")
  return existsSync(file)
    ? readFileSync(file, "utf8")
        .trim()
        .split("\n")
        .map((line) => line.split(" ")[0])
    : []
}

describe("set-up", () => {
  test("installs once, without install scripts, and then does nothing", async () => {
    const folder = checkout()
    expect((await run(folder, ["bin/setup.mjs"])).code).toBe(0)
    expect(readFileSync(join(folder, "npm-calls"), "utf8")).toContain("--ignore-scripts")
    const again = await run(folder, ["bin/setup.mjs"])
    expect([again.code, again.stdout, again.stderr]).toEqual([0, "", ""])
    expect(npmCalls(folder)).toEqual(["ci"])
  })

  test("installs again when the lock changed", async () => {
    const folder = checkout()
    await run(folder, ["bin/setup.mjs"])
    writeFileSync(
      join(folder, "package-lock.json"),
      JSON.stringify({ packages: { "": {}, "node_modules/a": { version: "2.0.0" } } }),
    )
    expect((await run(folder, ["bin/setup.mjs"])).code).toBe(0)
    expect(npmCalls(folder)).toEqual(["ci", "ci"])
  })

  test("takes over an install made by hand", async () => {
    const folder = checkout()
    await run(folder, ["bin/setup.mjs"])
    rmSync(join(folder, "node_modules/.klatch-stamp"))
    expect((await run(folder, ["bin/setup.mjs"])).code).toBe(0)
    expect(npmCalls(folder)).toEqual(["ci"])
    expect(existsSync(join(folder, "node_modules/.klatch-stamp"))).toBe(true)
  })

  test("of twelve at once one installs and the others wait for it", async () => {
    const folder = checkout()
    const runs = await Promise.all(Array.from({ length: 12 }, () => run(folder, ["bin/setup.mjs"])))
    expect(runs.map(({ code }) => code)).toEqual(Array(12).fill(0))
    expect(npmCalls(folder)).toEqual(["ci"])
  })

  test("goes on after a set-up that was killed", async () => {
    const folder = checkout({ ".klatch/setup.lock/3": `2147483646 ${hostname()}` })
    expect((await run(folder, ["bin/setup.mjs"])).code).toBe(0)
    expect(npmCalls(folder)).toEqual(["ci"])
  })

  test("falls back to npm install when npm ci refuses the lock, and the lock stays in force", async () => {
    const folder = checkout({ "npm-refuses": "" })
    expect((await run(folder, ["bin/setup.mjs"])).code).toBe(0)
    expect(npmCalls(folder)).toEqual(["ci", "install"])
  })

  test("tries twice, then says in one sentence that the registry cannot be reached", async () => {
    const folder = checkout({ "npm-fails": "npm error code ENOTFOUND\n" })
    const { code, stderr } = await run(folder, ["bin/start.mjs"])
    expect(code).toBe(1)
    expect(stderr).toContain("klatch: dependencies could not be fetched: the npm registry cannot be reached.")
    expect(npmCalls(folder)).toEqual(["ci", "ci"])
  })

  test("refuses any Bun but the pinned one, with a sentence", async () => {
    const pinned = JSON.stringify({ type: "module", dependencies: { bun: "99.0.0" } })
    const { code, stderr } = await run(checkout({ "package.json": pinned }), ["bin/start.mjs"])
    expect(code).toBe(1)
    expect(stderr).toContain(`Bun 99.0.0 is needed and nothing else will do`)
    expect(stderr).toContain(`holds ${Bun.version}`)
  })

  test("passes over a build that does not run here, and gives a missing execute bit", async () => {
    const folder = checkout()
    await run(folder, ["bin/setup.mjs"])
    const bun = join(folder, `node_modules/@oven/${bunPackage}/bin/bun`)
    const musl = join(folder, `node_modules/@oven/${bunPackage}-musl/bin/bun`)
    rmSync(bun)
    writeFileSync(bun, "not a program", { mode: 0o755 })
    mkdirSync(dirname(musl), { recursive: true })
    writeFileSync(musl, `#!/bin/sh\necho ${Bun.version}\n`, { mode: 0o644 })
    expect((await run(folder, ["bin/setup.mjs"])).code).toBe(0)
    expect(npmCalls(folder)).toEqual(["ci"])
  })
})

describe("npm start", () => {
  let folder: string
  beforeAll(async () => {
    folder = checkout()
    await run(folder, ["bin/setup.mjs"])
  })

  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    test(`passes on arguments, ${signal}, and the exit code`, async () => {
      const { child, out } = start(folder, ["bin/start.mjs", "one", "two"])
      expect(await out.until("up one two")).toContain("up one two")
      child.kill(signal)
      expect(await child.exited).toBe(7)
      expect(await out.rest()).toContain(`got ${signal}`)
    })
  }

  test("the server learns of the launcher's death, however it comes, and with stdin closed", async () => {
    const { child, out } = start(folder, ["bin/start.mjs"])
    await out.until("up")
    child.kill("SIGKILL")
    expect(await out.rest()).toContain("launcher gone")
  })

  test("--help tells the environment and sets nothing up", async () => {
    const bare = checkout()
    const { code, stdout } = await run(bare, ["bin/start.mjs", "--help"])
    expect([code, npmCalls(bare)]).toEqual([0, []])
    expect(stdout).toContain("DATABASE_URL")
  })

  test("run.mjs runs a file with its arguments, and answers its exit code", async () => {
    writeFileSync(join(folder, "a.ts"), "console.log(process.argv.slice(2).join()); process.exit(3)")
    const { code, stdout } = await run(folder, ["bin/run.mjs", "a.ts", "x", "y"])
    expect([code, stdout]).toEqual([3, "x,y\n"])
    expect((await run(folder, ["bin/run.mjs", "--tool", "none"])).code).toBe(2)
  })
})

describe("npm test", () => {
  const passing = 'import { test } from "bun:test"\ntest("a", () => {})\ntest("b", () => {})\n'
  const failing = 'import { test } from "bun:test"\ntest("a", () => { throw new Error("no") })\n'
  const lastLine = (text: string) => text.trimEnd().split("\n").at(-1)
  const redis = { REDIS_URL: "redis://127.0.0.1:1", CHROMIUM_PATH: "/none" }

  test("sums up all steps, goes on after a failure, and ends with the line that machines read", async () => {
    const folder = checkout({
      "tools/a.test.ts": failing,
      "packages/a/a.test.ts": passing,
      "apps/b/b.test.ts": passing,
    })
    const { code, stdout } = await run(folder, ["bin/test.mjs", "tools", "unit"], redis)
    expect(lastLine(stdout)).toBe("4 passed, 1 failed")
    const [, told = ""] = stdout.split("── failed in tools")
    expect(told).toContain("error: no\n")
    expect(told).toContain("(fail) a")
    expect(code).toBe(1)
    const unit = await run(folder, ["bin/test.mjs", "unit"], redis)
    expect([unit.code, lastLine(unit.stdout)]).toEqual([0, "4 passed, 0 failed"])
  })

  test("an empty step, a crash and a file that cannot load are failures", async () => {
    const folder = checkout({
      "tools/a.test.ts": `${passing}process.kill(process.pid, "SIGKILL")\n`,
      "packages/a/a.test.ts": `${passing}throw new Error("cannot load")\n`,
    })
    const { code, stdout } = await run(folder, ["bin/test.mjs", "tools", "unit", "contract"], redis)
    expect(code).toBe(1)
    expect(lastLine(stdout)).toMatch(/^\d+ passed, 3 failed$/)
    expect(stdout).toContain("no *.test.ts under tests/contract")
  })

  test("a step that hangs is ended by name, with all that it started", async () => {
    const hanging = [
      'import { test } from "bun:test"',
      'const child = Bun.spawn(["sleep", "600"], { detached: true })',
      'require("node:fs").writeFileSync("sleep-pid", String(child.pid))',
      'test("hangs", () => new Promise(() => {}), 600_000)',
    ].join("\n")
    const folder = checkout({ "tools/a.test.ts": hanging })
    const steps = readFileSync(join(folder, "bin/steps.mjs"), "utf8")
    writeFileSync(
      join(folder, "bin/steps.mjs"),
      steps.replace(/name: "tools", limitS: \d+/, 'name: "tools", limitS: 2'),
    )
    const { code, stdout } = await run(folder, ["bin/test.mjs", "tools"])
    expect([code, lastLine(stdout)]).toEqual([1, "0 passed, 1 failed"])
    expect(stdout).toContain("did not end within 2 s")
    if (process.platform === "linux")
      expect(isRunning(Number(readFileSync(join(folder, "sleep-pid"), "utf8")))).toBe(false)
  })

  test("a step that leaves something running fails, and it is ended", async () => {
    const leaving = `${passing}const child = Bun.spawn(["sleep", "600"], { detached: true })
      child.unref()
      require("node:fs").writeFileSync("sleep-pid", String(child.pid))\n`
    const folder = checkout({ "tools/a.test.ts": leaving })
    const { code, stdout } = await run(folder, ["bin/test.mjs", "tools"])
    if (process.platform !== "linux") return // only /proc tells of processes that left their group
    expect([code, lastLine(stdout)]).toEqual([1, "2 passed, 1 failed"])
    expect(stdout).toContain("left running: sleep")
    expect(isRunning(Number(readFileSync(join(folder, "sleep-pid"), "utf8")))).toBe(false)
  })

  test("a program that is missing fails its step with the line that says what to do", async () => {
    const folder = checkout({ "tests/e2e/a.test.ts": passing, "packages/a/a.test.ts": passing })
    await run(folder, ["bin/setup.mjs"])
    const path = join(scratch, "bare-path")
    mkdirSync(path, { recursive: true })
    if (!existsSync(join(path, "node"))) symlinkSync(Bun.which("node") as string, join(path, "node"))
    const bare = { PATH: path, REDIS_URL: "", CHROMIUM_PATH: "" }
    const { code, stdout } = await run(folder, ["bin/test.mjs", "e2e", "unit"], bare)
    expect([code, lastLine(stdout)]).toEqual([1, "0 passed, 2 failed"])
    expect(stdout).toContain("Chromium is missing: install chromium")
    expect(stdout).toContain("Redis is missing: install redis-server")
  })

  test("--list names the steps, and an unknown step is refused", async () => {
    const folder = checkout()
    const { stdout } = await run(folder, ["bin/test.mjs", "--list"])
    const names = stdout
      .trim()
      .split("\n")
      .map((line) => line.split(" ")[0] as string)
    expect(names).toEqual([
      "types",
      "lint",
      "tools",
      "unit",
      "contract",
      "conformance",
      "e2e",
      "docs",
      "chaos",
    ])
    expect((await run(folder, ["bin/test.mjs", basename(folder)])).code).toBe(2)
  })
})

/** A zombie has ended: only nobody has asked for its exit code yet. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ")
  } catch {
    return false
  }
}
