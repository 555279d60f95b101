import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A server in a process of its own, as users run it. */
export interface ServerProcess extends AsyncDisposable {
  readonly url: string
  readonly wsUrl: string
  readonly pid: number
  readonly port: number
  readonly dataDir: string
  /** Every line it has printed so far. */
  readonly lines: readonly string[]
  /** Ends it at once, as a power cut would. Its data stay. */
  kill(): Promise<void>
  /** SIGTERM; resolves with the exit code once it has drained. */
  stop(): Promise<number>
}

export interface ServerOptions {
  readonly env?: Record<string, string>
  /** Kept when given; else a temporary one, removed at the end. */
  readonly dataDir?: string
  /** Another entry point than the server's own. */
  readonly entry?: string
  readonly timeoutMs?: number
}

const root = join(import.meta.dirname, "../..")
const ownEntry = join(root, "packages/server/src/main.ts")
const START_MS = 30_000

/** Starts a server on a free port of 127.0.0.1 and waits until it listens. Rejects with what it printed. */
export async function startServer(options: ServerOptions = {}): Promise<ServerProcess> {
  const isTemporary = options.dataDir === undefined
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), "klatch-test-"))
  const child = Bun.spawn([process.execPath, "--no-install", options.entry ?? ownEntry], {
    cwd: root,
    env: {
      ...process.env,
      APP_ENV: "test",
      AUTH: "open",
      HOST: "127.0.0.1",
      PORT: "0",
      DATA_DIR: dataDir,
      LOG_LEVEL: "info",
      ...options.env,
    },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  })
  const lines: string[] = []
  const listening = Promise.withResolvers<string>()
  void collect(child.stdout, lines, listening.resolve)
  void collect(child.stderr, lines, listening.resolve)
  void child.exited.then((code) =>
    listening.reject(new Error(`the server ended with ${code}:\n${lines.join("\n")}`)),
  )
  const timer = setTimeout(() => {
    listening.reject(new Error(`the server did not listen in time:\n${lines.join("\n")}`))
    child.kill("SIGKILL")
  }, options.timeoutMs ?? START_MS)
  const url = await listening.promise.finally(() => clearTimeout(timer))
  const end = async (signal: "SIGKILL" | "SIGTERM") => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    return child.exited
  }
  return {
    url,
    wsUrl: url.replace(/^http/, "ws"),
    port: Number(new URL(url).port),
    pid: child.pid,
    dataDir,
    lines,
    kill: async () => void (await end("SIGKILL")),
    stop: () => end("SIGTERM"),
    async [Symbol.asyncDispose]() {
      await end("SIGTERM")
      if (isTemporary) rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

async function collect(
  stream: ReadableStream<Uint8Array>,
  lines: string[],
  onListening: (url: string) => void,
) {
  let rest = ""
  const decoder = new TextDecoder()
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n")
    rest = parts.pop() ?? ""
    for (const line of parts) {
      lines.push(line)
      const url = line.includes('"event":"listening"') ? (JSON.parse(line) as { url: string }).url : undefined
      if (url) onListening(url)
    }
  }
}
