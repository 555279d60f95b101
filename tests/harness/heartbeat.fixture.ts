import { startApp } from "../../packages/server/src/app.ts"
import { readConfig } from "../../packages/server/src/config/environment.ts"
import { EmbeddedPostgres } from "../../packages/server/src/db/embedded.ts"
import { makeLogger } from "../../packages/server/src/observe/logger.ts"

/** A server whose heartbeat is short enough for a test to wait for it. */
const config = readConfig(process.env)
const logger = makeLogger({ level: "info", readable: false })
const embedded = await EmbeddedPostgres.start({
  dataDir: "",
  throwAway: true,
})
const app = await startApp({
  config,
  logger,
  database: embedded.connection,
  overrides: { heartbeatMs: 1_000 },
})
process.once("SIGTERM", async () => {
  await app.stop()
  await embedded.stop()
  process.exit(0)
})
logger.info({ event: "listening", url: app.url })
