import { type App, type AppOverrides, startApp } from "../../packages/server/src/app.ts"
import { readConfig } from "../../packages/server/src/config/environment.ts"
import type { DatabaseAddress } from "../../packages/server/src/db/sql.ts"
import { makeLogger } from "../../packages/server/src/observe/logger.ts"

export interface NodeOptions {
  readonly database: DatabaseAddress
  readonly env?: Record<string, string>
  readonly overrides?: AppOverrides
}

/** A node in this process, on a free port of 127.0.0.1, that logs nothing. Where its database is, is told apart. */
export function startNode({ database, env = {}, overrides = {} }: NodeOptions): Promise<App> {
  const own = { APP_ENV: "test", AUTH: "open", HOST: "127.0.0.1", PORT: "0", LIMITS: "off" }
  // Nodes over Redis are refused without a database to share; which one it is, `database` says.
  const shared = env.REDIS_URL ? { DATABASE_URL: "postgres://told.apart" } : {}
  return startApp({
    config: readConfig({ ...own, ...shared, ...env }),
    logger: makeLogger({ level: "silent", readable: false }),
    database,
    overrides,
  })
}
