import type { WebSocketConstructor } from "@klatch/client"
import {
  type DurableEvent,
  type Event,
  type Frame,
  limits,
  publicLimits,
  type SentAck,
  type User,
} from "@klatch/protocol"
import { answerFrame } from "./answer-frame.ts"
import { Directory } from "./directory.ts"
import { answerRequest } from "./http.ts"
import { Invitations } from "./invitations.ts"
import type { MemoryRoom, MemoryRoomOptions } from "./memory-room.ts"
import { MemorySocket, type SocketPeer } from "./memory-socket.ts"
import { Moderation } from "./moderation.ts"
import { type FrameFate, type RefusedDoor, soundFate } from "./network.ts"
import { openIdentity } from "./open-identity.ts"
import { Refusal } from "./refusal.ts"
import type { VirtualClock } from "./virtual-clock.ts"

/** A frame as a client wrote it. */
export type Incoming = Frame & { ref?: string }

/** What an in-memory server may be told. */
export interface MemoryServerOptions {
  /** Where it is, prefix included; what is asked of another path is answered 404. */
  readonly url?: string
  /** The name that an address's query speaks for, null for none; throws a `Refusal`. By default as in open mode. */
  readonly identify?: (query: URLSearchParams) => string | null
  /** What every room that is made by its name alone is. */
  readonly roomDefaults?: MemoryRoomOptions
  /** False: frames of one socket may overtake each other, which TCP never lets them. */
  readonly keepsOrder?: boolean
}

/** A server in memory that speaks the protocol, over a network that a test can make as bad as it likes. */
export class MemoryServer implements SocketPeer {
  readonly clock: VirtualClock
  readonly keepsOrder: boolean
  readonly directory: Directory
  /** Open connections. */
  readonly sockets = new Set<MemorySocket>()
  /** Every frame that arrived, in order. */
  readonly frames: Incoming[] = []
  /** Every address a socket was opened at. */
  readonly dialed: string[] = []
  faults: FrameFate = soundFate
  heartbeatMs: number = limits.heartbeatMs
  replayMax: number = limits.replayEntriesMax
  isDown = false
  refusesWith: RefusedDoor | null = null
  /** Answers a frame in place of the server when it returns true. */
  intercept: (socket: MemorySocket, frame: Incoming) => boolean = () => false
  readonly #moderation: Moderation
  readonly #invitations: Invitations
  readonly #prefix: string
  readonly #identify: (query: URLSearchParams) => string | null

  constructor(clock: VirtualClock, options: MemoryServerOptions = {}) {
    this.clock = clock
    this.keepsOrder = options.keepsOrder ?? true
    this.#prefix = new URL(options.url ?? "http://klatch.test").pathname.replace(/\/$/, "")
    this.#identify = options.identify ?? openIdentity
    this.directory = new Directory({
      now: clock.now,
      roomDefaults: options.roomDefaults ?? {},
      onEntry: (event) => this.publish(event),
      onDismissed: (room, user, told) => {
        for (const socket of this.sockets)
          if (socket.user.id === user.id && socket.rooms.delete(room.id))
            if (told && !socket.rooms.has(user.id)) socket.deliver(told)
      },
    })
    this.#moderation = new Moderation(this.directory, clock.now)
    this.#invitations = new Invitations(this.directory, clock.now)
  }

  /** What a client opens its connections with. */
  get webSocket(): WebSocketConstructor {
    const server = this
    return class extends MemorySocket {
      constructor(url: string) {
        super(server, url)
      }
    }
  }

  /** What a client asks over HTTP with. Rejects as a network does; a lost request is never answered. */
  fetch = async (url: string, init: RequestInit = {}): Promise<Response> => {
    await this.#travel(init.signal)
    const answer = this.#answer(new URL(url), init)
    await this.#travel(init.signal)
    return answer
  }

  /** The public room of this slug, or any by its id; a public one is made when it is missing, by nobody. */
  room(ref: string): MemoryRoom {
    return this.directory.peek(ref) ?? this.directory.ensure("public", ref.toLowerCase(), null)
  }

  /** The user of this name, made at the first mention. */
  user(name: string): User {
    return this.directory.user(name)
  }

  /** Someone else writes; whoever writes to a public room is a member of it. */
  post(ref: string, from: string, content: string): SentAck {
    const room = this.room(ref)
    const user = this.user(from)
    this.directory.demand("post", room, user)
    this.directory.join(room, user)
    const { ack, event } = room.post(user, content)
    this.publish(event)
    return ack
  }

  /** Tells an entry to everyone whom it is for; null is told to no one. */
  publish(event: DurableEvent | null): void {
    if (!event) return
    const isForAll = event.room_id === this.directory.broadcast.id
    for (const socket of this.sockets) if (isForAll || socket.rooms.has(event.room_id)) socket.deliver(event)
  }

  /** All connections break at once; neither side is told why. */
  cut(code = 1006, reason = ""): void {
    for (const socket of [...this.sockets]) socket.break(code, reason)
  }

  enter(url: URL): User {
    const name = this.#identify(url.searchParams)
    return this.user(name ?? `guest-${this.directory.newId().slice(-12)}`)
  }

  hello(user: User): Event {
    return {
      type: "hello",
      session_id: this.directory.newId(),
      user,
      heartbeat_ms: this.heartbeatMs,
      server_time: new Date(this.clock.now()).toISOString(),
      limits: publicLimits,
    }
  }

  receive(socket: MemorySocket, text: string): void {
    const frame = parsed(text)
    if (frame !== null) {
      this.frames.push(frame)
      if (this.intercept(socket, frame)) return
    }
    const { directory, sockets, replayMax, clock } = this
    const onEntry = (event: DurableEvent) => this.publish(event)
    answerFrame({ directory, sockets, replayMax, now: clock.now, onEntry }, socket, frame)
  }

  #answer(url: URL, { method = "GET", body, headers }: RequestInit): Response {
    if (this.refusesWith) {
      const { status, code } = this.refusesWith
      return Response.json({ error: { code, message: "refused" } }, { status })
    }
    try {
      if (!url.pathname.startsWith(`${this.#prefix}/`))
        throw new Refusal("not_found", "There is nothing at this address.")
      if (body && !/^application\/json(\s*;|$)/i.test(new Headers(headers).get("content-type") ?? ""))
        throw new Refusal("unsupported_media_type")
      const name = this.#identify(claimsOf(url.searchParams, new Headers(headers)))
      const { directory } = this
      const services = { directory, moderation: this.#moderation, invitations: this.#invitations }
      const answer = answerRequest(services, {
        method,
        path: url.pathname.slice(this.#prefix.length),
        query: url.searchParams,
        body: typeof body === "string" ? body : null,
        asker: name === null ? null : this.user(name),
      })
      if (answer.status === 204) return new Response(null, { status: 204 })
      return Response.json(answer.body, { status: answer.status })
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown
      const { code, message, status } = thrown
      return Response.json({ error: { code, message } }, { status })
    }
  }

  /** One way over the network. */
  #travel(signal: AbortSignal | null | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = () => reject(new TypeError("fetch failed"))
      signal?.addEventListener("abort", fail)
      if (this.faults.copies() === 0) return
      this.clock.after(this.faults.delayMs(), () => (this.isDown ? fail() : resolve()))
    })
  }
}

/** The frame of a text; null for what is no object. What it holds is checked when it is answered. */
function parsed(text: string): Incoming | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && !Array.isArray(value) ? (value as Incoming) : null
  } catch {
    return null
  }
}

/** Over HTTP a token comes in its header, or in the address. */
function claimsOf(query: URLSearchParams, headers: Headers): URLSearchParams {
  const token = /^bearer +(.+)$/i.exec(headers.get("authorization") ?? "")?.[1]
  if (token !== undefined) return new URLSearchParams({ token })
  if (query.has("ticket"))
    throw new Refusal("unauthorized", "A ticket opens a WebSocket; here send Authorization: Bearer TOKEN.")
  return query
}
