import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A server process that tells its address as a JSON line with `event: "listening"` and a `url`. */
export interface ServerProcess {
  pid: number
  hostname: string
  port: number
  /** The end of what it said, once it has ended by itself; null while it runs. */
  lastWords(): string | null
  stop(): Promise<void>
}

const listenTimeoutMs = 60_000
const stopTimeoutMs = 15_000
const pollMs = 1
const lastWordsMax = 1_000

/**
 * Starts a server and waits for its address. Its output goes to a file, so that draining it costs no one anything.
 * Throws, with the end of that output, when it ends or does not listen within a minute.
 */
export async function startServer(
  cmd: string[],
  env: Record<string, string | undefined> = {},
): Promise<ServerProcess> {
  const directory = mkdtempSync(join(tmpdir(), "klatch-bench-log-"))
  const path = join(directory, "output")
  const output = openSync(path, "w")
  // An own working directory, so that no `.env` that lies about changes what is measured.
  const child = Bun.spawn({
    cmd,
    cwd: directory,
    env: { ...process.env, ...env },
    stdio: ["ignore", output, output],
  })
  closeSync(output)
  let ended = false
  child.exited.then(() => {
    ended = true
  })
  const stop = async () => {
    child.kill("SIGTERM")
    const timer = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs)
    await child.exited
    clearTimeout(timer)
    rmSync(directory, { recursive: true, force: true })
  }
  const lastWords = () => (ended ? readFileSync(path, "utf8").trim().slice(-lastWordsMax) : null)
  const deadlineMs = performance.now() + listenTimeoutMs
  for (;;) {
    const url = findUrl(readFileSync(path, "utf8"))
    if (url !== null)
      return { pid: child.pid, hostname: url.hostname, port: Number(url.port), lastWords, stop }
    if (ended || performance.now() > deadlineMs) {
      const tail = readFileSync(path, "utf8").trim().slice(-lastWordsMax)
      await stop()
      throw new Error(`${cmd.at(-1)} did not listen: ${tail}`)
    }
    await Bun.sleep(pollMs)
  }
}

function findUrl(output: string): URL | null {
  for (const line of output.split("\n")) {
    if (!line.includes('"listening"')) continue
    try {
      const { event, url } = JSON.parse(line) as { event?: string; url?: string }
      if (event === "listening" && url !== undefined) return new URL(url)
    } catch {
      // A line still being written: the next poll sees all of it.
    }
  }
  return null
}
