import { resolve } from "node:path"
import { type AppOverrides, startApp } from "../../../packages/server/src/app.ts"
import { readConfig } from "../../../packages/server/src/config/environment.ts"
import { EmbeddedPostgres } from "../../../packages/server/src/db/embedded.ts"
import type { DatabaseAddress } from "../../../packages/server/src/db/sql.ts"
import { makeLogger } from "../../../packages/server/src/observe/logger.ts"

/** Starts the server as its own entry does, with parts replaced by broken ones. */
export async function startMutant(overridesFor: (address: DatabaseAddress) => AppOverrides): Promise<void> {
  const config = readConfig(process.env)
  const logger = makeLogger({ level: config.logLevel, readable: false })
  const embedded = await EmbeddedPostgres.start({ dataDir: resolve(config.dataDir) })
  const database = embedded.connection
  const app = await startApp({ config, logger, database, overrides: overridesFor(database) })
  process.once("SIGTERM", async () => {
    await app.stop(0)
    await embedded.stop()
    process.exit(0)
  })
  logger.info({ event: "listening", url: app.url }, "a broken server listens")
}
