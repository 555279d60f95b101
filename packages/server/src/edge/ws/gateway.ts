import { type CloseName, frameSchemas, isFrameType, limits } from "@klatch/protocol"
import type { Budgets } from "../../auth/budgets.ts"
import type { Identity } from "../../auth/identity.ts"
import { expiryOf } from "../../auth/principal.ts"
import { ends, type Revocation, type Revocations } from "../../auth/revocations.ts"
import type { RoomInfo } from "../../chat/members/members.ts"
import { AppError } from "../../lib/app-error.ts"
import { type Rate, take } from "../../lib/token-bucket.ts"
import { changeIn, type LogRoom } from "../../log/entry.ts"
import { handlers, joinRoom, sendHome } from "./dispatch.ts"
import { Follows } from "./follows.ts"
import { plainContent, type ReadFrame, readFrame, roomsNamedBy } from "./frame-parts.ts"
import { helloOf } from "./hello.ts"
import type { Registry } from "./registry.ts"
import { Rush } from "./rush.ts"
import type { Services } from "./services.ts"
import { Session, type SessionStart, type Socket, stranger } from "./session.ts"

export interface GatewayOptions {
  readonly services: Omit<Services, "authenticate">
  readonly identity: Identity
  readonly revocations: Revocations
  readonly registry: Registry
  /** Whether a failure is the database being away. */
  readonly isOutage: (error: unknown) => boolean
  readonly limitsOn: boolean
  readonly budgets: Budgets
  readonly heartbeatMs?: number
  /** Returns memory that connecting has left behind; may take tens of ms, so it is called when it is quiet. */
  readonly collect?: () => void
}

/** Frames a connection may send; beyond, `rate_limited`, and a client that goes on is closed with 4429. */
const FRAMES: Rate = { perSecond: 50, burst: 100 }
const UNLIMITED: Rate = { perSecond: 1e9, burst: 1e9 }
/** Bad frames; beyond, the connection is closed with 4501. */
const BAD_FRAMES: Rate = { perSecond: 1, burst: 50 }
/** Frames sent in spite of `rate_limited`. */
const IGNORED_WAITS_MAX = 500
/** Frames that wait while an earlier one of the same connection is handled, and their characters; beyond, 4429. */
const FRAMES_WAITING_MAX = 1_024
const CHARS_WAITING_MAX = 4 * 1024 * 1024
const SWEEP_MS = 1_000
/** What was let in by something that has ended goes within a second, so it is looked for more often than that. */
const EXPIRY_SWEEP_MS = 250
/** A reader with more than this unread is closed with 4408 and resumes; Bun itself cuts it off at its limit. */
export const BUFFERED_MAX_BYTES = 256 * 1024
export const BACKPRESSURE_LIMIT_BYTES = 1024 * 1024
const CUT_OFF_MS = 5_000
/** A prepared session that has not opened by then never will. */
const PREPARED_MAX_MS = 120_000

/** A connection that says nothing for this long resumes nothing, and what it follows by itself begins. */
const FOLLOW_MS = 200

/** WebSocket connections: from hello to close, frames in order, nothing unbounded ([C1]..[C9]). */
export class Gateway implements Disposable {
  readonly #options: GatewayOptions
  readonly #services: Services
  readonly #heartbeatMs: number
  readonly #rate: Rate
  readonly #cancelSweeps: readonly (() => void)[]
  readonly #rush: Rush
  readonly #follows: Follows

  constructor(options: GatewayOptions) {
    this.#options = options
    this.#rush = new Rush(() => options.collect?.())
    this.#services = { ...options.services, authenticate: (...args) => this.#authenticate(...args) }
    this.#follows = new Follows(this.#services, (session, error) => this.#answer(session, error, undefined))
    this.#heartbeatMs = options.heartbeatMs ?? limits.heartbeatMs
    this.#rate = options.limitsOn ? FRAMES : UNLIMITED
    const { clock } = this.#services
    this.#cancelSweeps = [
      clock.every(SWEEP_MS, () => this.#sweep()),
      clock.every(EXPIRY_SWEEP_MS, () => this.#endExpired()),
    ]
  }

  /** What Bun calls. Nothing here throws. */
  readonly handler = {
    maxPayloadLength: limits.frameBytesMax * 2,
    backpressureLimit: BACKPRESSURE_LIMIT_BYTES,
    closeOnBackpressureLimit: true,
    idleTimeout: 0,
    sendPings: false,
    perMessageDeflate: false,
    open: (socket: Socket) => this.#onOpen(socket),
    message: (socket: Socket, data: string | Buffer) => this.#onMessage(socket.data, data),
    pong: (socket: Socket) => {
      socket.data.heardMs = this.#nowMs()
    },
    drain: (socket: Socket) => socket.data.onDrain(),
    close: (socket: Socket, code: number) => this.#onClose(socket.data, code),
  } as const

  /**
   * A session for someone about to connect. What it will follow by itself, and where that stands, is found before
   * hello, and it hears of rooms that are added meanwhile: from hello on it misses nothing ([R9]). Ends with the
   * socket, or by `abandon`.
   */
  async prepare(start: SessionStart): Promise<Session> {
    const { registry, revocations } = this.#options
    const session = new Session(start, this.#rate.burst, this.#nowMs())
    registry.add(session)
    try {
      // From here on a revocation finds this session; one that came before must be found by it.
      revocations.require(start.principal, start.mark)
      if (start.principal === stranger) session.extra().authByMs = this.#nowMs() + limits.authFrameMs
      else if (session.isAuto) await this.#follows.find(session)
      return session
    } catch (error) {
      registry.remove(session)
      throw error
    }
  }

  /** The connection did not come about. */
  abandon(session: Session): void {
    this.#options.registry.remove(session)
  }

  /** Entries of someone's inbox: told to the connections that follow by themselves, which then follow the room. */
  onInbox(inbox: LogRoom, frames: readonly string[], head?: number | null): void {
    for (const session of this.#options.registry.ofUser(inbox.id)) {
      if (session.isAuto && !session.isSubscribed(inbox.id)) for (const frame of frames) session.send(frame)
      for (const frame of frames) this.#follows.onInboxFrame(session, frame, head)
    }
  }

  /**
   * A frame was given to those who follow the room: when someone's membership ended with it, they hear no more of what
   * comes after it, whichever node ended it.
   */
  onFrame(room: RoomInfo, frame: string): void {
    const change = changeIn(frame)
    if (!change || (change.type !== "leave" && !(change.type === "member" && change.banned))) return
    for (const session of this.#options.registry.ofUser(change.user_id)) session.bar(room.id, change.seq)
  }

  /** Whether someone has a connection here. */
  hasUser(userId: string): boolean {
    return this.#options.registry.ofUser(userId).length > 0
  }

  /** Every connection is to come anew. */
  closeAll(name: CloseName): void {
    for (const session of this.#options.registry.all()) session.close(name, this.#nowMs() + CUT_OFF_MS)
  }

  /** A room was made, and said its first. */
  onMade(room: LogRoom): void {
    this.#follows.onMade(room, this.#options.registry.all())
  }

  /** These tokens are over: what was let in by them goes, at once. */
  revoke(one: Revocation): void {
    for (const session of this.#options.registry.ofUser(one.userId)) {
      const { user, grant } = session.principal
      if (ends(one, user.id, grant?.familyId))
        session.close(one.why === "banned" ? "removed" : "sign_in_again", this.#nowMs() + CUT_OFF_MS)
    }
  }

  /** Tells everyone to come back, then closes them spread over `spreadMs`. */
  drain(spreadMs: number): void {
    const { registry } = this.#options
    const services = this.#services
    const sessions = [...registry.all()]
    for (const [i, session] of sessions.entries()) {
      const reconnectAfterMs = Math.round((i / Math.max(1, sessions.length)) * spreadMs)
      session.reply({ type: "drain", reconnect_after_ms: reconnectAfterMs })
      services.clock.after(reconnectAfterMs, () => session.close("restarting", this.#nowMs() + CUT_OFF_MS))
    }
  }

  [Symbol.dispose](): void {
    for (const cancel of this.#cancelSweeps) cancel()
  }

  #nowMs = () => this.#services.clock.monotonicMs()

  #onOpen(socket: Socket): void {
    const session = socket.data
    session.socket = socket
    session.isOpen = true
    session.heardMs = this.#nowMs()
    this.#rush.opened()
    const closing = session.rare?.closing
    if (closing) session.close(closing, this.#nowMs() + CUT_OFF_MS)
    else if (!session.isStranger) this.#welcome(session)
  }

  /** Hello, then what the connection came for. */
  #welcome(session: Session): void {
    const services = this.#services
    services.events.connected(session.principal.user.id)
    const { user } = session.principal
    session.send(helloOf(services.newId(), user, this.#heartbeatMs, services.clock.now()))
    if (typeof session.home === "string")
      this.#hold(
        session,
        joinRoom(services, session, session.home, session.rare?.since, undefined),
        undefined,
      )
    if (session.rare?.follows) services.clock.after(FOLLOW_MS, () => this.#followSoon(session))
  }

  /** Tells who they are, or that they are still the same. Rejects with `unauthorized` or `forbidden`. */
  async #authenticate(session: Session, token: string, ref: string | undefined): Promise<void> {
    const { identity, registry, revocations } = this.#options
    const { mark } = revocations
    const principal = await identity.named({ kind: "token", token })
    if (!principal || !session.isOpen) return
    const wasStranger = session.isStranger
    if (!wasStranger && session.principal.user.id !== principal.user.id)
      throw new AppError("forbidden", "This connection is somebody else's: open another.")
    registry.remove(session)
    session.principal = principal
    registry.add(session)
    if (revocations.hasEnded(mark, principal.user.id, principal.grant?.familyId))
      return session.close("sign_in_again", this.#nowMs() + CUT_OFF_MS)
    if (wasStranger) {
      session.extra().authByMs = Number.POSITIVE_INFINITY
      if (session.isAuto) await this.#follows.find(session)
      this.#welcome(session)
    }
    session.reply({ type: "ack", ref, user: principal.user, expires_at: expiryOf(principal) })
  }

  /** Nothing was said yet: then nothing is about to be resumed. */
  #followSoon(session: Session): void {
    if (!session.rare?.follows || session.rare.frames) return
    this.#follows.begin(session, []).catch((error) => this.#answer(session, error, undefined))
  }

  #onMessage(session: Session, data: string | Buffer): void {
    session.heardMs = this.#nowMs()
    if (!session.isOpen) return
    this.#rush.heard()
    if (session.isBusy) {
      const extra = session.extra()
      extra.frames ??= []
      extra.charsWaiting += data.length
      if (extra.frames.length >= FRAMES_WAITING_MAX || extra.charsWaiting > CHARS_WAITING_MAX)
        session.close("too_fast", this.#nowMs() + CUT_OFF_MS)
      else extra.frames.push(data)
    } else this.#handle(session, data)
  }

  #handle(session: Session, data: string | Buffer): void {
    let ref: string | undefined
    try {
      const { frame, ref: givenRef } = this.#read(session, data)
      ref = givenRef
      if (session.rare?.follows) {
        session.rare.frames = [data, ...(session.rare.frames ?? [])]
        session.rare.charsWaiting += data.length
        this.#hold(session, this.#follows.begin(session, roomsNamedBy(frame)), undefined)
        return
      }
      this.#spend(session, frame)
      if (session.isStranger && frame?.type !== "auth")
        throw new AppError("unauthorized", "Say who you are first: send an auth frame.")
      const work =
        frame === undefined
          ? sendHome(this.#services, session, { content: plainContent(data) }, undefined, true)
          : this.#dispatch(session, frame)
      if (work) this.#hold(session, work, ref)
    } catch (error) {
      this.#answer(session, error, ref)
    }
  }

  /** The frames that come meanwhile wait until `work` is done. */
  #hold(session: Session, work: Promise<void>, ref: string | undefined): void {
    session.isBusy = true
    work
      .catch((error) => this.#answer(session, error, ref))
      .then(() => {
        session.isBusy = false
        for (let extra = session.rare; extra?.frames && !session.isBusy; extra = session.rare) {
          const next = extra.frames.shift()
          extra.charsWaiting -= next?.length ?? 0
          if (extra.frames.length === 0) extra.frames = undefined
          if (next !== undefined && session.isOpen) this.#handle(session, next)
        }
      })
  }

  #read(session: Session, data: string | Buffer): ReadFrame {
    if (Buffer.byteLength(data) > limits.frameBytesMax) {
      session.close("frame_too_big", this.#nowMs() + CUT_OFF_MS)
      throw new AppError("too_large", `A frame is at most ${limits.frameBytesMax} bytes.`)
    }
    return readFrame(data, session.isPlainText)
  }

  #dispatch(session: Session, frame: { type?: unknown }): void | Promise<void> {
    const { type } = frame
    if (!isFrameType(type)) throw new AppError("unknown_type")
    const checked = frameSchemas[type].safeParse(frame)
    if (!checked.success) {
      const issue = checked.error.issues[0]
      throw new AppError("invalid_field", `${issue?.path.join(".") || type}: ${issue?.message ?? "is wrong"}`)
    }
    // The table is total and each schema belongs to its handler; TypeScript cannot follow the pair through a union.
    const handle = handlers[type] as (
      services: Services,
      session: Session,
      frame: unknown,
    ) => void | Promise<void>
    return handle(this.#services, session, checked.data)
  }

  /** Throws `rate_limited` when the connection is too fast; closes it when it does not care. */
  #spend(session: Session, frame: { type?: unknown } | undefined): void {
    if (take(session, this.#rate, this.#nowMs()) === 0) {
      this.#spendOfUser(session, frame)
      return
    }
    // Each ignored wait digs deeper: the debt is what closes a connection that never slows down.
    session.tokens -= 1
    const waitMs = Math.ceil(((1 - session.tokens) / this.#rate.perSecond) * 1_000)
    if (session.tokens < -IGNORED_WAITS_MAX) session.close("too_fast", this.#nowMs() + CUT_OFF_MS)
    throw new AppError("rate_limited", undefined, { retryAfterMs: waitMs })
  }

  /** The same of all the user's connections. Those who are only there, and say no more than that, are not counted. */
  #spendOfUser(session: Session, frame: { type?: unknown } | undefined): void {
    const { budgets, limitsOn } = this.#options
    if (!limitsOn || session.isStranger || frame?.type === "ping") return
    const { rare } = session
    const bucket = rare?.budget ?? budgets.bucketOfUser(session.principal.user.id)
    if (rare) rare.budget = bucket
    budgets.spendFrom(bucket)
  }

  #answer(session: Session, error: unknown, ref: string | undefined): void {
    const { isOutage } = this.#options
    const services = this.#services
    const told =
      error instanceof AppError
        ? error
        : isOutage(error)
          ? new AppError("unavailable", "The database is away.", { retryAfterMs: 1_000 })
          : new AppError("internal")
    if (told.code === "internal" && !(error instanceof AppError)) services.events.broke("frame", error)
    services.events.answeredError(told.code)
    session.replyError(told, ref)
    if (told.code === "bad_json" || told.code === "unknown_type" || told.code === "invalid_field")
      this.#countBad(session)
  }

  #countBad(session: Session): void {
    const nowMs = this.#nowMs()
    const extra = session.extra()
    extra.badFrames ??= { tokens: BAD_FRAMES.burst, filledMs: nowMs }
    if (take(extra.badFrames, BAD_FRAMES, nowMs) > 0) session.close("broken_client", nowMs + CUT_OFF_MS)
  }

  #onClose(session: Session, code: number): void {
    session.isOpen = false
    if (session.rare) session.rare.frames = undefined
    session.onDrain()
    this.#options.registry.remove(session)
    this.#services.events.disconnected(session.principal.user.id, code)
  }

  /** Closes who came with what has ended, or never said who they are: two comparisons a connection. */
  #endExpired(): void {
    const nowMs = this.#nowMs()
    const clockMs = this.#services.clock.now()
    for (const session of this.#options.registry.all())
      if (session.isOpen && session.isOver(nowMs, clockMs)) session.close("sign_in_again", nowMs + CUT_OFF_MS)
  }

  /** Once a second, all connections: too slow, too silent, or closed and still here. */
  #sweep(): void {
    this.#services.events.received(this.#rush.sweep())
    const nowMs = this.#nowMs()
    for (const session of this.#options.registry.all()) {
      if (!session.isOpen) {
        if (nowMs >= (session.rare?.cutOffMs ?? Number.POSITIVE_INFINITY)) session.socket?.terminate()
        // Its handshake ended without a socket, and nobody said so.
        if (!session.socket && nowMs - session.heardMs > PREPARED_MAX_MS) this.abandon(session)
        continue
      }
      if (session.bufferedBytes > BUFFERED_MAX_BYTES) session.close("too_slow", nowMs + CUT_OFF_MS)
      const silentMs = nowMs - session.heardMs
      if (silentMs >= this.#heartbeatMs * 2) session.close("silent", nowMs + CUT_OFF_MS)
      else if (silentMs >= this.#heartbeatMs) session.socket!.ping()
    }
  }
}
