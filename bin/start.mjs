import { join } from "node:path"
import { runChild } from "./child.mjs"
import { launch, root } from "./root.mjs"
import { setUp } from "./setup.mjs"

const help = `npm start: run a Klatch server. Everything has a default; a .env file is read.

  PORT, HOST           where to listen (8080)
  APP_ENV              development, production or test
  DATABASE_URL         a PostgreSQL 14+ server; unset: an embedded one under DATA_DIR
  REDIS_URL            join other nodes on that DATABASE_URL
  WORKERS              processes that share the port: a number, or auto
  DATA_DIR             where the embedded database keeps its files
  ENABLE_PERSISTENCE   false: the embedded database on a directory that is thrown away
  AUTH                 open: whoever connects says who they are; required: people sign in
  JWT_SECRET           tokens of your application, HS256; JWKS_URL: keys of your identity provider
  JWT_ISSUER, JWT_AUDIENCE, JWT_CLOCK_TOLERANCE_S   what those tokens must say
  CORS_ORIGINS         origins of browsers allowed besides the server's own
  TRUST_PROXY          how many proxies stand in front whose X-Forwarded headers are believed
  RETENTION_DAYS       how long messages are kept
  LIMITS               default, or off to lift rate limits
  LOG_LEVEL            trace, debug, info, warn or error

SIGINT and SIGTERM drain the server; SIGHUP too, or starts workers anew. npm test runs the tests.`

/** The server reads KLATCH_LAUNCHER_FD and drains when that pipe ends: see runChild. */
async function main() {
  const args = process.argv.slice(2)
  if (args.includes("--help") || args.includes("-h")) {
    console.log(help)
    return 0
  }
  const bun = await setUp({ needs: "production" })
  return await runChild(bun, ["--no-install", join(root, "packages/server/src/main.ts"), ...args], {
    leash: true,
  })
}

launch(main)
