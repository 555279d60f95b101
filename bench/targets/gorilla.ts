import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { startServer } from "./server-process.ts"
import { peerWire, type Target } from "./target.ts"

// Where Debian's golang-github-gorilla-websocket-dev puts its source, beside whatever GOPATH says.
const debianGopath = "/usr/share/gocode"
const packagePath = "src/github.com/gorilla/websocket"

let built: Promise<string> | null = null

/** The usual hub on Go; built once a run, offline. */
export const gorilla: Target = {
  name: "gorilla",
  note: "Go gorilla/websocket hub; keeps nothing, acks nothing",
  wire: peerWire,
  versions: () => ({ go: Bun.spawnSync(["go", "version"]).stdout.toString().trim() }),
  async missing() {
    if (Bun.which("go") === null) return "not installed: no go on PATH"
    if (findGopath() === null) return "not installed: no gorilla/websocket source under GOPATH"
    built ??= build()
    return built.then(
      () => null,
      (error) => `not built: ${String(error).slice(0, 300)}`,
    )
  },
  makeHome: () => null,
  async start() {
    built ??= build()
    return { ...(await startServer([await built])), databasePid: null }
  },
}

function findGopath(): string | null {
  const told = Bun.spawnSync(["go", "env", "GOPATH"]).stdout.toString().trim().split(":")
  return [...told, debianGopath].find((path) => path !== "" && existsSync(join(path, packagePath))) ?? null
}

async function build(): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "klatch-bench-gorilla-"))
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }))
  const binary = join(directory, "hub")
  const source = new URL("../peers/gorilla/main.go", import.meta.url).pathname
  const child = Bun.spawn({
    cmd: ["go", "build", "-o", binary, source],
    env: { ...process.env, GO111MODULE: "off", GOPATH: findGopath() ?? "", GOFLAGS: "" },
    stdio: ["ignore", "ignore", "pipe"],
  })
  const complaint = await new Response(child.stderr).text()
  if ((await child.exited) !== 0) throw new Error(complaint.trim())
  return binary
}
