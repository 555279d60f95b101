import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { startApp } from "./app.ts"
import { BusHub } from "./cluster/bus-hub.ts"
import { type Config, ConfigError, readConfig } from "./config/environment.ts"
import { EmbeddedError, type EmbeddedEvent, EmbeddedPostgres } from "./db/embedded.ts"
import { type DatabaseAddress, isOutage } from "./db/sql.ts"
import { buildWeb, type Web } from "./edge/http/web.ts"
import { type Logger, makeLogger } from "./observe/logger.ts"
import { Supervisor, type WorkerOrder } from "./supervisor.ts"
import { orderOf, WorkerLine } from "./worker.ts"

const BUN_MIN = "1.4.5"
/** Files kept back for the database, the log and the rest of the process. */
const FILES_RESERVED = 256
const FILES_LOW = 4_096
const connectionsMax = Math.max(1, filesMax() - FILES_RESERVED)

await main()

async function main(): Promise<void> {
  if (Bun.semver.order(Bun.version, BUN_MIN) < 0)
    die(`Klatch needs Bun ${BUN_MIN} or newer; this is ${Bun.version}.`)
  const config = configOrDie()
  const readable = config.mode === "development"
  const logger = makeLogger({ level: config.logLevel, readable })
  const stopping = new AbortController()
  try {
    const order = orderOf(process.env)
    if (order) await work(config, order, logger, stopping)
    else if (config.workers > 1) await supervise(config, logger, stopping)
    else await serve(config, logger, stopping)
    process.exit(0)
  } catch (error) {
    if (error instanceof EmbeddedError) die(error.message)
    if (isOutage(error)) die(`The database of DATABASE_URL cannot be used: ${(error as Error).message}.`)
    if ((error as { code?: string }).code === "42501")
      die("The database role may not make the schema klatch: GRANT CREATE ON DATABASE … TO the role.")
    if ((error as { code?: string }).code === "EADDRNOTAVAIL")
      die(`HOST ${config.host} is no address of this machine.`)
    if ((error as { code?: string }).code === "EADDRINUSE")
      die(`Port ${config.port} is taken: stop what listens there, or set PORT to another.`)
    logger.fatal({ event: "start_failed", err: error }, "the server could not start")
    process.exit(1)
  }
}

/** One process that does everything. */
async function serve(config: Config, logger: Logger, stopping: AbortController): Promise<void> {
  onStopSignal(["SIGTERM", "SIGINT", "SIGHUP"], () => stopping.abort())
  const web = builtWeb(config, logger)
  const embedded = config.databaseUrl ? undefined : await startEmbedded(config, logger)
  const app = await startApp({
    ...{ config, logger, connectionsMax },
    database: addressOf(config, embedded),
    pages: [await web],
  })
  announce(config, app, logger)
  await aborted(stopping.signal)
  logger.info({ event: "draining" }, "draining: connections are told to come back")
  await app.stop()
  await embedded?.stop()
  logger.info({ event: "stopped" }, "stopped; everything acked is stored")
}

/** Several processes on one port, and what they share. */
async function supervise(config: Config, logger: Logger, stopping: AbortController): Promise<void> {
  onStopSignal(["SIGTERM", "SIGINT"], () => stopping.abort())
  let restart = () => {}
  process.on("SIGHUP", () => restart())
  await requireFreePort(config)
  await using stack = new AsyncDisposableStack()
  const embedded = config.databaseUrl ? undefined : stack.use(await startEmbedded(config, logger))
  const dir = mkdtempSync(join(tmpdir(), "klatch-"))
  stack.defer(() => rmSync(dir, { recursive: true, force: true }))
  const hubPath = config.redis ? undefined : join(dir, "hub")
  if (hubPath !== undefined) stack.use(await BusHub.open(hubPath))
  const { supervisor, ...first } = await Supervisor.start({
    ...{ count: config.workers, port: config.port, entry: import.meta.filename, logger },
    environment: process.env,
    order: { database: embedded?.connection, hubPath },
  })
  restart = () => {
    logger.info({ event: "restarting" }, "workers are started anew, one after the other")
    void supervisor.restart()
  }
  announce(config, first, logger)
  await aborted(stopping.signal)
  logger.info({ event: "draining" }, "draining: connections are told to come back")
  await supervisor.stop()
  await stack.disposeAsync()
  logger.info({ event: "stopped" }, "stopped; everything acked is stored")
}

/** One of several processes. */
async function work(
  config: Config,
  order: WorkerOrder,
  logger: Logger,
  stopping: AbortController,
): Promise<void> {
  onStopSignal(["SIGTERM"], () => stopping.abort())
  // A terminal sends these to all of its processes; what they mean for workers their supervisor says.
  for (const signal of ["SIGINT", "SIGHUP"] as const) process.on(signal, () => {})
  const line = new WorkerLine({
    metrics: async () => (await app).metrics(),
    onAlone: () => stopping.abort(),
  })
  const app = builtWeb(config, logger).then((web) =>
    startApp({
      ...{ config, connectionsMax, pages: [web] },
      logger: logger.child({ worker: order.index }),
      database: order.database ?? addressOf(config, undefined),
      worker: { port: order.port, hubPath: order.hubPath, metricsPage: () => line.page() },
    }),
  )
  const { port, firstAdminCode } = await app
  line.listening(port, firstAdminCode)
  await aborted(stopping.signal)
  await (await app).stop()
}

/** Workers share a port, with whoever else is of the same user: here it must be ours alone. */
async function requireFreePort({ host, port }: Config): Promise<void> {
  if (port === 0) return
  await Bun.serve({ hostname: host, port, fetch: () => new Response() }).stop(true)
}

function configOrDie(): Config {
  try {
    return readConfig(process.env)
  } catch (error) {
    if (error instanceof ConfigError) die(error.message)
    throw error
  }
}

/** The web client and the widget; without them the server runs on, and their addresses say so. */
async function builtWeb({ proxyHops }: Config, logger: Logger): Promise<Web> {
  const web = await buildWeb({ trustProxy: proxyHops > 0 })
  if (web.failure !== undefined)
    logger.error({ event: "web_build_failed", reason: web.failure }, "the web client could not be built")
  return web
}

function startEmbedded(config: Config, logger: Logger): Promise<EmbeddedPostgres> {
  return EmbeddedPostgres.start({
    dataDir: resolve(config.dataDir),
    throwAway: !config.persistent,
    onEvent: (event) => logDatabase(logger, event),
  })
}

function logDatabase(logger: Logger, { type, ...fields }: EmbeddedEvent): void {
  const line = { event: `postgres_${type}`, ...fields }
  if (type === "crashed" || type === "restarting") logger.error(line, `embedded PostgreSQL ${type}`)
  else logger.info(line, `embedded PostgreSQL ${type}`)
}

function addressOf(config: Config, embedded: EmbeddedPostgres | undefined): DatabaseAddress {
  if (embedded) return embedded.connection
  return { url: config.databaseUrl as string }
}

/** What a person needs at the start: where it is, what it runs on, and what to mind. */
function announce(
  config: Config,
  app: { readonly port: number; readonly firstAdminCode: string | undefined },
  logger: Logger,
): void {
  const { workers } = config
  const host = config.host === "0.0.0.0" || config.host === "::" ? "localhost" : config.host
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${app.port}`
  const database = config.databaseUrl
    ? "the PostgreSQL of DATABASE_URL"
    : config.persistent
      ? `embedded PostgreSQL in ${resolve(config.dataDir)}`
      : "embedded PostgreSQL, thrown away at the end"
  logger.info(
    { event: "listening", url, mode: config.mode, auth: config.auth, database, pid: process.pid, workers },
    `Klatch is at ${url} (${config.mode}; ${workers > 1 ? `${workers} workers; ` : ""}${database})`,
  )
  if (config.auth === "open")
    logger.warn({ event: "open_mode" }, "open mode: anyone can be anyone; not for the public internet")
  if (config.auth === "required" && app.firstAdminCode !== undefined)
    logger.warn(
      { event: "no_admin" },
      `there is no administrator yet. To become it, sign in and run once: curl -X POST ${url}/admin/claim ` +
        `-H 'authorization: Bearer YOUR_TOKEN' -H 'content-type: application/json' ` +
        `-d '{"code":"${app.firstAdminCode}"}'`,
    )
  if (filesMax() < FILES_LOW)
    logger.warn(
      { event: "low_file_limit", files: filesMax() },
      `only ${filesMax()} open files: raise it with ulimit -n`,
    )
}

/** How many files this process may open; Linux tells, elsewhere a common default. */
function filesMax(): number {
  try {
    const line = readFileSync("/proc/self/limits", "utf8").match(/^Max open files\s+(\d+)/m)
    return Number(line?.[1] ?? 10_240)
  } catch {
    return 10_240
  }
}

/** These drain; so does the end of our launcher, whose pipe then closes. A second signal kills. */
function onStopSignal(signals: readonly NodeJS.Signals[], stop: () => void): void {
  let asked = false
  for (const signal of signals)
    process.on(signal, () => {
      if (asked && signal === "SIGINT") process.exit(130)
      asked = true
      stop()
    })
  const leash = Number(process.env.KLATCH_LAUNCHER_FD ?? 0)
  if (leash > 2) void ended(leash).then(stop, stop)
}

/** Resolves when the pipe ends, which nothing is ever written to. */
async function ended(fd: number): Promise<void> {
  for await (const _ of Bun.file(fd).stream());
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener("abort", () => resolve())
  })
}

function die(message: string): never {
  console.error(message)
  process.exit(1)
}
