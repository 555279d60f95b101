import { join } from "node:path"

const root = join(import.meta.dirname, "../..")

/** A command that runs, as a person at a terminal has it. */
export interface Running extends AsyncDisposable {
  /** The first line it printed that was waited for. */
  readonly line: string
  /** Resolves once it is gone. What it started may outlive it, if it was killed. */
  readonly ended: Promise<unknown>
}

/** Runs a command in the checkout, and waits for a line. Rejects with what was printed instead. */
export async function runCommand(
  command: string,
  pattern: RegExp,
  env: Readonly<Record<string, string>> = {},
): Promise<Running> {
  // The last of its programs takes the shell's place, so that it is what gets our signal.
  const child = Bun.spawn(["sh", "-c", command.replace(/([^&\s][^&]*)$/, "exec env $1")], {
    cwd: root,
    env: { ...process.env, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  })
  const found = Promise.withResolvers<string>()
  const err = new Response(child.stderr).text()
  const out = read(child.stdout, (line) => pattern.test(line) && found.resolve(line))
  void Promise.all([out, err, child.exited]).then(([printed, told, code]) =>
    found.reject(new Error(`${command} ended with ${code}:\n${printed}${told}`)),
  )
  const line = await found.promise
  const end = async () => {
    child.kill("SIGTERM")
    await child.exited
  }
  return { line, ended: child.exited, [Symbol.asyncDispose]: end }
}

/** Tells every line as it comes, to the end, and answers them all. */
async function read(stream: ReadableStream<Uint8Array>, onLine: (line: string) => void): Promise<string> {
  let printed = ""
  let rest = ""
  const decoder = new TextDecoder()
  for await (const chunk of stream) {
    const text = decoder.decode(chunk, { stream: true })
    printed += text
    const lines = (rest + text).split("\n")
    rest = lines.pop() ?? ""
    for (const line of lines) onLine(line)
  }
  return printed
}
