import { limits } from "@klatch/protocol"
import { openAuth } from "./auth/open-auth.ts"
import type { Principal } from "./auth/principal.ts"
import { Invites } from "./chat/invites/invites.ts"
import { Members, type RoomInfo } from "./chat/members/members.ts"
import { Moderation } from "./chat/members/moderation.ts"
import { Messages } from "./chat/messages/messages.ts"
import { Receipts } from "./chat/receipts/receipts.ts"
import { RoomDirectory } from "./chat/rooms/room-directory.ts"
import { RoomMemory } from "./chat/rooms/room-memory.ts"
import { broadcastRoom, Rooms } from "./chat/rooms/rooms.ts"
import { Deletions } from "./chat/user-data/deletion.ts"
import { exportOf } from "./chat/user-data/export.ts"
import { openBus } from "./cluster/open-bus.ts"
import { Words } from "./cluster/words.ts"
import type { Config } from "./config/environment.ts"
import { migrate } from "./db/migrate.ts"
import { Database, type DatabaseAddress, isOutage, type Lane } from "./db/sql.ts"
import { clientAddress } from "./edge/http/client-address.ts"
import { makeCors } from "./edge/http/cors.ts"
import { buildDocs } from "./edge/http/docs.ts"
import { readinessOf, toldBy } from "./edge/http/readiness.ts"
import { makeRoutes, openapiDocument } from "./edge/http/routes.ts"
import { Elsewhere } from "./edge/ws/elsewhere.ts"
import { Gateway } from "./edge/ws/gateway.ts"
import { Registry } from "./edge/ws/registry.ts"
import type { Session } from "./edge/ws/session.ts"
import { SessionTopics } from "./edge/ws/session-topics.ts"
import { isOwnPage, isSocketPath, upgrade } from "./edge/ws/upgrade.ts"
import { AppError } from "./lib/app-error.ts"
import { type Clock, systemClock } from "./lib/clock.ts"
import { errorResponse } from "./lib/http-error.ts"
import { type Random, systemRandom } from "./lib/random.ts"
import { until } from "./lib/until.ts"
import { uuid7Maker } from "./lib/uuid7.ts"
import { Delivery } from "./live/delivery.ts"
import { silentSubscriber } from "./live/subscriber.ts"
import { SqlLogStore } from "./log/append.sql.ts"
import { CatchUp } from "./log/catch-up.ts"
import { type CommittedBatch, GroupCommit } from "./log/group-commit.ts"
import type { LogStore } from "./log/log-store.ts"
import { Recent } from "./log/recent.ts"
import { Retention } from "./log/retention.ts"
import { Events } from "./observe/events.ts"
import type { Logger } from "./observe/logger.ts"
import { Metrics } from "./observe/metrics.ts"

/** Answers what is no API: the web client, the documentation. Undefined when the address is not its own. */
export interface Pages {
  respond(request: Request): Response | undefined
}

export interface AppOptions {
  readonly config: Config
  readonly logger: Logger
  readonly database: DatabaseAddress
  readonly pages?: readonly Pages[]
  /** Connections beyond this many are refused with 503: files for the rest of the process are kept back. */
  readonly connectionsMax?: number
  /** It is one of several processes on one port. */
  readonly worker?: {
    /** Where to listen, instead of the configured port. */
    readonly port: number
    /** Where the others are heard, unless over Redis. */
    readonly hubPath: string | undefined
    /** The metrics of all of them. */
    readonly metricsPage: () => Promise<string>
  }
  readonly clock?: Clock
  readonly random?: Random
  readonly overrides?: AppOverrides
}

/** Where a test puts something else in place of a part. */
export interface AppOverrides {
  readonly store?: (store: LogStore) => LogStore
  /** Stands between the log and delivery. */
  readonly onCommitted?: (
    batches: readonly CommittedBatch[],
    deliver: (batches: readonly CommittedBatch[]) => void,
  ) => void
  readonly delivery?: (delivery: Delivery<RoomInfo>) => Delivery<RoomInfo>
  readonly heartbeatMs?: number
}

/** A lost last entry is found by the next look: of several nodes within a second. */
const SWEEP_ALONE_MS = 5_000
const SWEEP_MS = 750
const SWEEP_BUS_DOWN_MS = 250
const DRAIN_SPREAD_MS = 1_000

/** The only place that knows every part. Starts listening; rejects when the database cannot be brought up to date. */
export async function startApp(options: AppOptions): Promise<App> {
  const { config, logger, worker, clock = systemClock, random = systemRandom, overrides = {} } = options
  const newId = uuid7Maker(clock, random)
  const registry = new Registry()
  const topics = new SessionTopics(registry, broadcastRoom.id)
  let isDraining = false

  const metrics = new Metrics(
    {
      connections: () => registry.count,
      waiting: () => log.waiting,
      liveRooms: () => delivery.roomCount,
      ready: () => !isDraining,
    },
    clock.monotonicMs,
  )
  metrics.pageOfAll = worker?.metricsPage
  const events = new Events(logger, metrics)
  const node = `klatch-${newId().slice(-12)}`
  const onQuery = (ms: number, lane: Lane) => events.queried(ms, lane)
  const db = new Database(options.database, { clock, node, onQuery })
  try {
    await migrate(db)
    if (!(await db.raiseWall())) events.wallIsDown()
  } catch (error) {
    await db.close()
    throw error
  }

  const auth = await openAuth({ config, db, clock, newId, events })
  const { users, revocations, budgets, identity, audit, oidc } = auth

  // From here on to the first await all parts come to be: none hears of anything before the others are there.
  const recent = new Recent()
  const catchUp = new CatchUp(db, recent)
  const bus = openBus({
    ...{ redis: config.redis, key: auth.busKey, hubPath: worker?.hubPath, node, clock, random },
    listener: {
      onBatch(batch) {
        memory.heard(batch.roomId, batch.frames)
        delivery.deliver(batch)
      },
      onPassing: (channel, frame) => delivery.deliverPassing(channel, frame),
      onNudge: () => void words.look(),
      onDoubt() {
        delivery.doubt()
        void words.look()
      },
    },
    onState: (isUp, why) => events.busIs(isUp, why),
    onLag: (ms) => metrics.busLag.set(ms),
  })
  const sweepMs = config.redis || worker ? SWEEP_MS : SWEEP_ALONE_MS
  const plainDelivery = new Delivery<RoomInfo>({
    log: catchUp,
    topics,
    bus: () => bus,
    clock,
    random,
    replayMax: limits.replayEntriesMax,
    sweepMs,
    sweepBusDownMs: SWEEP_BUS_DOWN_MS,
    onFrame: (room, frame) => gateway.onFrame(room, frame),
    onDelivered: (room, firstSeq, frames) => memory.delivered(room, firstSeq, frames),
    onClose: (roomId) => memory.closed(roomId),
    onHeal: (roomId, count) => events.healed(roomId, count),
    onFailure: (error) => events.deliveryFailed(error),
  })
  const delivery = overrides.delivery?.(plainDelivery) ?? plainDelivery

  const deliver = (batches: readonly CommittedBatch[]) => {
    let isNews = false
    for (const batch of batches) {
      const { room, frames, firstSeq } = batch
      memory.heard(room.id, frames)
      delivery.deliver({ roomId: room.id, ...batch })
      if (room.kind === "inbox") elsewhere.onInbox(batch)
      else if (firstSeq === 1) gateway.onMade(room)
      isNews ||= room.kind === "inbox"
      metrics.stored(batch.messages)
    }
    bus.publish(batches.map((batch) => ({ roomId: batch.room.id, ...batch })))
    if (isNews) bus.nudge()
  }
  const store = new SqlLogStore(db)
  const log = new GroupCommit({
    store: overrides.store?.(store) ?? store,
    clock,
    random,
    isOutage,
    onCommitted: overrides.onCommitted ? (batches) => overrides.onCommitted!(batches, deliver) : deliver,
    onFlush: (count, ms) => events.flushed(count, ms),
    onFailure: (error, willRetry) => events.flushFailed(error, willRetry),
  })

  const directory = new RoomDirectory(db)
  const { isOpen } = identity
  const { limitsOn } = config
  const members = new Members({ db, log, clock, isOpen })
  const onNamed = async (by: Principal, { id, kind, name }: RoomInfo) => {
    await audit.record({
      ...{ action: "room_created", by, target: name, roomId: id, address: "", details: { kind } },
    })
  }
  const rooms = new Rooms({ db, log, directory, members, newId, isOpen, onNamed })
  const messages = new Messages({ db, log, members, audit, clock, newId, limitsOn })
  const moderation = new Moderation({ db, log, members, clock })
  const deletions = new Deletions({
    ...{ db, clock, log, directory, users, revocations },
    onLeft: (roomId) => recent.forgetThrough(roomId, Number.MAX_SAFE_INTEGER),
    onFinished: (userId) => events.deleted(userId),
    onFailure: (error) => events.deletionFailed(error),
  })
  const memory = new RoomMemory({ recent, members, directory })
  const invites = new Invites({ db, log, members, rooms, clock, newId })
  const services = {
    users,
    audit,
    rooms,
    members,
    messages,
    receipts: new Receipts(db),
    directory,
    delivery,
    bus: () => bus,
    clock,
    events,
    newId,
    isOpen,
  }
  const gateway = new Gateway({
    services,
    identity,
    revocations,
    registry,
    isOutage,
    limitsOn,
    budgets,
    collect: () => {
      Bun.gc(true)
      Bun.shrink()
    },
    ...(overrides.heartbeatMs ? { heartbeatMs: overrides.heartbeatMs } : {}),
  })
  const elsewhere = new Elsewhere({
    services: { directory, members, delivery, clock },
    ...{ users, revocations, memory, catchUp, gateway },
    onFailure: (error) => events.deliveryFailed(error),
  })
  const words = new Words({
    ...{ db, clock, node },
    periodMs: () => (bus.up ? sweepMs : SWEEP_BUS_DOWN_MS),
    onWord: (word) => elsewhere.onWord(word),
    onLost: () => elsewhere.onLost(),
    onFailure: (error) => events.deliveryFailed(error),
  })
  await words.begin()
  revocations.onRevoked((one, isFromElsewhere) => {
    gateway.revoke(one)
    // The others need not wait for their next look.
    if (!isFromElsewhere) bus.nudge()
  })
  const retention = config.retentionDays
    ? new Retention({
        db,
        clock,
        days: config.retentionDays,
        onRemoved: (roomId, throughSeq, count) => {
          memory.retired(roomId, throughSeq)
          events.retired(roomId, count)
        },
        onFailure: (error) => events.retentionFailed(error),
      })
    : undefined

  const toldAs = toldBy(events, isOutage)
  const notReady = readinessOf({ db, log, clock, isDraining: () => isDraining })
  const routes = makeRoutes({
    isOwnPage: (request, origin) => isOwnPage(request, origin, door),
    ...auth,
    ...{ rooms, members, moderation, invites, messages, deletions },
    exportOf: (user) => exportOf({ db, clock }, user),
    ...{ clock, events, metrics, notReady, toldAs },
  })
  const pages = [...(options.pages ?? []), buildDocs(() => openapiDocument(routes))]
  const cors = makeCors(config.corsOrigins)
  const door = {
    gateway,
    identity,
    revocations,
    budgets,
    corsOrigins: config.corsOrigins,
    trustProxy: config.proxyHops > 0,
    onError: toldAs,
    refusal: () => {
      if (isDraining)
        return new AppError("unavailable", "This node is shutting down.", { retryAfterMs: 1_000 })
      if (registry.count >= (options.connectionsMax ?? Number.POSITIVE_INFINITY))
        return new AppError("unavailable", "This node is full.", { retryAfterMs: 5_000 })
      return undefined
    },
  }

  const addressOf = (request: Request, server: Bun.Server<Session>) =>
    clientAddress(request.headers, server.requestIP(request)?.address ?? "", config.proxyHops)
  const server = Bun.serve<Session>({
    hostname: config.host,
    port: worker?.port ?? config.port,
    reusePort: worker !== undefined,
    websocket: gateway.handler,
    async fetch(request, server) {
      const url = new URL(request.url)
      const response =
        cors.preflight(request) ??
        (isSocketPath(url.pathname)
          ? cors.readable(request, await upgrade(request, url, server, door, addressOf(request, server)))
          : (pageOf(pages, request) ??
            cors.readable(request, await routes.fetch(request, { address: addressOf(request, server) }))))
      if (response) events.requested(response.status)
      return response
    },
    error: (error) => errorResponse(toldAs(error)),
  })
  topics.bind(server)
  oidc?.provider.lookUp()
  // The broadcast room is everyone's, so it is live from the start.
  await delivery.attach(broadcastRoom, silentSubscriber, undefined, () => {})
  deletions.wake()

  return {
    url: `http://${config.host.includes(":") ? `[${config.host}]` : config.host}:${server.port}`,
    port: server.port ?? 0,
    log,
    delivery,
    db,
    gateway,
    retention,
    firstAdminCode: auth.firstAdmin.code,
    metrics: () => metrics.json(),
    async stop(spreadMs = DRAIN_SPREAD_MS) {
      isDraining = true
      // Whoever comes now comes to the others on this port. It would resolve with the last connection.
      if (worker) void server.stop(false)
      const hadConnections = registry.count > 0
      gateway.drain(hadConnections ? spreadMs : 0)
      if (hadConnections) await until(() => registry.count === 0, clock, spreadMs + 2_000)
      deletions[Symbol.dispose]()
      await deletions.idle()
      await log.drained()
      retention?.[Symbol.dispose]()
      auth.signIns[Symbol.dispose]()
      gateway[Symbol.dispose]()
      delivery[Symbol.dispose]()
      words[Symbol.dispose]()
      await server.stop(true)
      await bus[Symbol.asyncDispose]()
      await db.close()
    },
  }
}

/** A running node. */
export interface App {
  readonly url: string
  readonly port: number
  readonly log: GroupCommit
  readonly delivery: Delivery<RoomInfo>
  readonly db: Database
  readonly gateway: Gateway
  readonly retention: Retention | undefined
  /** Makes whoever is told it the first administrator; undefined when there is one. */
  readonly firstAdminCode: string | undefined
  /** As JSON, to be put together with those of others. */
  metrics(): Promise<object[]>
  /** Tells everyone to come back, lets what is in flight be stored, closes. Takes about `spreadMs`. */
  stop(spreadMs?: number): Promise<void>
}

const pageOf = (pages: readonly Pages[], request: Request): Response | undefined => {
  for (const page of pages) {
    const response = page.respond(request)
    if (response) return response
  }
  return undefined
}
