import { resolve } from "node:path"
import { parseArgs } from "node:util"
import { verifyAudit } from "./auth/audit.ts"
import { ConfigError, readConfig } from "./config/environment.ts"
import { EmbeddedError, EmbeddedPostgres } from "./db/embedded.ts"
import { Database } from "./db/sql.ts"

const usage = `usage: npm run audit:verify -- [--hash H]
Checks every link of the audit log's chain, and that its end is there, in the database of DATABASE_URL, else in that of
DATA_DIR while no server runs on it. --hash: the newest hash that was written down earlier must still be in the log.
Exits 1 when it is not whole.`

const { values } = parseArgs({ options: { hash: { type: "string" }, help: { type: "boolean" } } })
if (values.help) {
  process.stdout.write(`${usage}\n`)
  process.exit(0)
}
process.exit(await main())

async function main(): Promise<number> {
  try {
    const config = readConfig({ ...process.env, APP_ENV: "test" })
    if (config.databaseUrl !== undefined) return await verify(new Database({ url: config.databaseUrl }))
    const postgres = await EmbeddedPostgres.start({ dataDir: resolve(config.dataDir) })
    try {
      return await verify(new Database(postgres.connection))
    } finally {
      await postgres.stop()
    }
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof EmbeddedError)) throw error
    process.stderr.write(`${error.message}\n`)
    return 2
  }
}

async function verify(db: Database): Promise<number> {
  try {
    const verdict = await verifyAudit(db, values.hash)
    if (!verdict.isWhole) {
      process.stderr.write(`The audit log is NOT whole, from row ${verdict.atId} on: ${verdict.why}.\n`)
      return 1
    }
    process.stdout.write(`The audit log is whole: ${verdict.count} rows, newest hash ${verdict.hash}\n`)
    return 0
  } finally {
    await db.close()
  }
}
