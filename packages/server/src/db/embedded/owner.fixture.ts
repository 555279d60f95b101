import { EmbeddedError, type EmbeddedEvent, EmbeddedPostgres } from "../embedded.ts"

/**
 * A process that owns an embedded PostgreSQL, for tests that kill it. It prints one JSON line a thing that happens,
 * stops cleanly when its stdin says "stop", and exits without stopping (as a program that ends) on "exit".
 */
export type OwnerLine =
  | EmbeddedEvent
  | { type: "ready"; connection: EmbeddedPostgres["connection"]; pid: number }
  | { type: "failed"; reason: string; message: string }

if (import.meta.main) {
  const print = (line: OwnerLine) => process.stdout.write(`${JSON.stringify(line)}\n`)
  const [dataDir = "", throwAway] = process.argv.slice(2)
  try {
    const postgres = await EmbeddedPostgres.start({
      dataDir,
      throwAway: throwAway === "throw",
      onEvent: print,
    })
    print({ type: "ready", connection: postgres.connection, pid: postgres.pid })
    process.stdin.on("data", async (chunk) => {
      const said = String(chunk)
      if (said.includes("stop")) await postgres.stop()
      process.exit(0)
    })
  } catch (error) {
    if (!(error instanceof EmbeddedError)) throw error
    print({ type: "failed", reason: error.reason, message: error.message })
    process.exit(1)
  }
}
