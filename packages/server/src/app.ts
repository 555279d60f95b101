import { limits } from "@klatch/protocol"
import { AccessTokens } from "./auth/access-tokens.ts"
import { sharedSecret } from "./auth/accounts.sql.ts"
import { Accounts } from "./auth/accounts.ts"
import { ApiKeys } from "./auth/api-keys.ts"
import { Audit } from "./auth/audit.ts"
import { Budgets } from "./auth/budgets.ts"
import { Credentials } from "./auth/credentials.ts"
import { FirstAdmin } from "./auth/first-admin.ts"
import { Identity } from "./auth/identity.ts"
import { Issuers } from "./auth/issuers.ts"
import { OidcSignIns } from "./auth/oidc-sign-ins.ts"
import { OutsideUsers } from "./auth/outside-users.ts"
import { Passwords } from "./auth/passwords.ts"
import type { Principal } from "./auth/principal.ts"
import { Revocations } from "./auth/revocations.ts"
import { SignIns } from "./auth/sign-ins.ts"
import { Users } from "./auth/users.ts"
import { Invites } from "./chat/invites/invites.ts"
import { Members, type RoomInfo } from "./chat/members/members.ts"
import { Moderation } from "./chat/members/moderation.ts"
import { Messages } from "./chat/messages/messages.ts"
import { Receipts } from "./chat/receipts/receipts.ts"
import { RoomDirectory } from "./chat/rooms/room-directory.ts"
import { broadcastRoom, Rooms } from "./chat/rooms/rooms.ts"
import { Deletions } from "./chat/user-data/deletion.ts"
import { exportOf } from "./chat/user-data/export.ts"
import { LocalBusHub } from "./cluster/bus-local.ts"
import type { Config } from "./config/environment.ts"
import { migrate } from "./db/migrate.ts"
import { Database, type DatabaseAddress, isOutage } from "./db/sql.ts"
import { clientAddress } from "./edge/http/client-address.ts"
import { makeCors } from "./edge/http/cors.ts"
import { buildDocs } from "./edge/http/docs.ts"
import { makeRoutes, openapiDocument } from "./edge/http/routes.ts"
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

const READY_PROBE_MS = 1_000
const DRAIN_SPREAD_MS = 1_000
const SIGNING_KEY_BYTES = 32

/** The only place that knows every part. Starts listening; rejects when the database cannot be brought up to date. */
export async function startApp(options: AppOptions): Promise<App> {
  const { config, logger, clock = systemClock, random = systemRandom, overrides = {} } = options
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
  const events = new Events(logger, metrics)
  const db = new Database(options.database, { clock, onQuery: (ms, lane) => events.queried(ms, lane) })
  try {
    await migrate(db)
    if (!(await db.raiseWall())) events.wallIsDown()
  } catch (error) {
    await db.close()
    throw error
  }

  const recent = new Recent()
  const catchUp = new CatchUp(db, recent)
  const hub = new LocalBusHub()
  const bus = hub.join({
    onBatch: (batch) => delivery.deliver(batch),
    onPassing: (channel, frame) => delivery.deliverPassing(channel, frame),
    onDoubt: () => void delivery.sweep().catch((error) => events.deliveryFailed(error)),
  })
  const plainDelivery = new Delivery<RoomInfo>({
    log: catchUp,
    topics,
    bus: () => bus,
    clock,
    random,
    replayMax: limits.replayEntriesMax,
    onHeal: (roomId, count) => events.healed(roomId, count),
    onFailure: (error) => events.deliveryFailed(error),
  })
  const delivery = overrides.delivery?.(plainDelivery) ?? plainDelivery

  const deliver = (batches: readonly CommittedBatch[]) => {
    for (const batch of batches) {
      const told = { roomId: batch.room.id, ...batch }
      // An inbox is one reader's: keeping it in memory would cost every user more than it saves.
      if (batch.room.kind !== "inbox")
        recent.add(told.roomId, batch.firstSeq, batch.frames, batch.messages > 0)
      // Frames from before a change may hold the words it took back, also those of earlier edits.
      if (batch.changedSeq > 0) recent.forgetThrough(told.roomId, batch.lastSeq)
      if (batch.subjects.length > 0) members.forget(told.roomId, batch.subjects)
      delivery.deliver(told)
      if (batch.room.kind === "inbox") gateway.onInbox(batch)
      else if (batch.firstSeq === 1) gateway.onMade(batch.room)
      metrics.stored(batch.messages)
    }
    bus.publish(batches.map((batch) => ({ roomId: batch.room.id, ...batch })))
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

  const users = new Users(db, clock, newId)
  const revocations = new Revocations()
  const fresh = crypto.getRandomValues(new Uint8Array(SIGNING_KEY_BYTES))
  const signingKey = await sharedSecret(db, "access_tokens", fresh, new Date(clock.now()).toISOString())
  const access = new AccessTokens(signingKey, clock, newId)
  const signIns = new SignIns({
    db,
    access,
    clock,
    newId,
    onEnded: (userId, familyId) => revocations.tell({ userId, familyId, why: "signed_out" }),
    onSweepFailed: (error) => events.sweepFailed(error),
  })
  const outsideUsers = new OutsideUsers(db, clock, newId, (user) => users.changed(user))
  const credentials = new Credentials({
    db,
    clock,
    access,
    issuers: new Issuers({ ...config.jwt, clock }),
    outsideUsers,
    users,
    signIns,
    revocations,
  })
  const budgets = new Budgets(clock, config.limitsOn)
  const identity = new Identity({ mode: config.auth, users, credentials, newId })
  const audit = new Audit(db, clock)
  const keys = new ApiKeys({ db, clock, newId, users })
  const firstAdmin = await FirstAdmin.open(db)
  const accounts = new Accounts({
    db,
    clock,
    newId,
    users,
    passwords: new Passwords(),
    signIns,
    revocations,
    limitsOn: config.limitsOn,
  })
  const onFailure = (error: unknown) => events.providerFailed(error)
  const oidc =
    config.oidc &&
    new OidcSignIns({
      provider: { ...config.oidc, toleranceS: config.jwt.toleranceS, onFailure },
      ...{ db, clock, outsideUsers, signIns, limitsOn: config.limitsOn },
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
  revocations.onRevoked((one) => gateway.revoke(one))
  const retention = config.retentionDays
    ? new Retention({
        db,
        clock,
        days: config.retentionDays,
        onRemoved: (roomId, throughSeq, count) => {
          recent.forgetThrough(roomId, throughSeq)
          events.retired(roomId, count)
        },
        onFailure: (error) => events.retentionFailed(error),
      })
    : undefined

  const toldAs = (error: unknown): AppError => {
    if (error instanceof AppError) return error
    if (isOutage(error)) {
      events.databaseAway(error)
      return new AppError("unavailable", "The database is away.", { retryAfterMs: 1_000 })
    }
    events.broke("http", error)
    return new AppError("internal")
  }
  const notReady = async () => {
    if (isDraining) return "This node is shutting down."
    const probe = (log.isFailing ? db.pingWrite() : db.ping()).then(
      () => {
        log.isFailing = false
        return undefined
      },
      () => "The database is away, or does not take writes.",
    )
    const late = new Promise<string>((resolve) =>
      clock.after(READY_PROBE_MS, () => resolve("The database is slow.")),
    )
    return Promise.race([probe, late])
  }
  const routes = makeRoutes({
    isOwnPage: (request, origin) => isOwnPage(request, origin, door),
    ...{ users, accounts, oidc, signIns, access, revocations, keys, firstAdmin, audit, identity, budgets },
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
    port: config.port,
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
    firstAdminCode: firstAdmin.code,
    async stop(spreadMs = DRAIN_SPREAD_MS) {
      isDraining = true
      const hadConnections = registry.count > 0
      gateway.drain(hadConnections ? spreadMs : 0)
      if (hadConnections) await until(() => registry.count === 0, clock, spreadMs + 2_000)
      deletions[Symbol.dispose]()
      await deletions.idle()
      await log.drained()
      retention?.[Symbol.dispose]()
      signIns[Symbol.dispose]()
      gateway[Symbol.dispose]()
      delivery[Symbol.dispose]()
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
