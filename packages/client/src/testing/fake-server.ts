import type { DurableEvent, ErrorCode, Event, Frame, SentAck, User } from "@klatch/protocol"
import type { WebSocketConstructor } from "../socket.ts"
import { FakeRoom } from "./fake-room.ts"
import { FakeSocket, type SocketPeer } from "./fake-socket.ts"
import { type Faults, noFaults } from "./faults.ts"
import type { VirtualClock } from "./virtual-clock.ts"

type Incoming = Frame & { ref?: string }

/** A server in memory that speaks the protocol, over a network that a test can make as bad as it likes. */
export class FakeServer implements SocketPeer {
  readonly clock: VirtualClock
  readonly sockets = new Set<FakeSocket>()
  readonly frames: Incoming[] = []
  /** Every address a socket was opened at. */
  readonly dialed: string[] = []
  faults: Faults = noFaults
  heartbeatMs = 30_000
  replayMax = 1_000
  /** Sockets cannot be opened. */
  isDown = false
  /** The HTTP status that new connections get. */
  refusesWith: { readonly status: number; readonly code: ErrorCode } | null = null
  /** Answers a frame in place of the server when it returns true. */
  intercept: (socket: FakeSocket, frame: Incoming) => boolean = () => false
  readonly #rooms: FakeRoom[] = []
  readonly #users = new Map<string, User>()
  #ids = 0

  constructor(clock: VirtualClock) {
    this.clock = clock
  }

  get webSocket(): WebSocketConstructor {
    const server = this
    return class extends FakeSocket {
      constructor(url: string) {
        super(server, url)
      }
    }
  }

  fetch = async (url: string): Promise<Response> => {
    const { pathname } = new URL(url)
    if (this.isDown) throw new TypeError("fetch failed")
    if (this.refusesWith) {
      const { status, code } = this.refusesWith
      return Response.json({ error: { code, message: "refused" } }, { status })
    }
    const room = this.find(/\/rooms\/([^/]+)$/.exec(pathname)?.[1] ?? "")
    if (!room) return Response.json({ error: { code: "not_found", message: "no" } }, { status: 404 })
    return Response.json({ ...this.describe(room), topic: "told over HTTP" })
  }

  room(slug: string): FakeRoom {
    const known = this.find(slug)
    if (known) return known
    const room = new FakeRoom(this.#newId(), slug)
    this.#rooms.push(room)
    return room
  }

  find(ref: string): FakeRoom | undefined {
    return this.#rooms.find((room) => room.id === ref || room.slug === ref)
  }

  user(name: string): User {
    const known = this.#users.get(name)
    if (known) return known
    const user = { id: this.#newId(), username: name, display_name: name }
    this.#users.set(name, user)
    return user
  }

  describe({ id, slug, head }: FakeRoom) {
    return { id, kind: "public", name: slug, slug, topic: "", head, created_at: "", role: "member" } as const
  }

  /** Someone else writes. */
  post(slug: string, from: string, content: string): SentAck {
    const { ack, event } = this.room(slug).post(this.user(from), content)
    if (event) this.publish(event)
    return ack
  }

  publish(event: DurableEvent | null): void {
    if (!event) return
    for (const socket of this.sockets) if (socket.rooms.has(event.room_id)) socket.deliver(event)
  }

  /** All connections break at once; neither side is told why. */
  cut(code = 1006, reason = ""): void {
    for (const socket of [...this.sockets]) socket.break(code, reason)
  }

  /** A frame reached the server. */
  receive(socket: FakeSocket, text: string): void {
    const frame = JSON.parse(text) as Incoming
    this.frames.push(frame)
    if (this.intercept(socket, frame)) return
    const answer = (fields: object) => socket.deliver({ type: "ack", ref: frame.ref, ...fields } as Event)
    const error = (code: ErrorCode) =>
      socket.deliver({ type: "error", ref: frame.ref, code, message: code } as Event)
    const room = "room_id" in frame && frame.room_id !== undefined ? this.room(frame.room_id) : null
    if (frame.type === "ping") socket.deliver({ type: "pong" })
    if (frame.type === "resume") this.#resume(socket, frame)
    if (!room) return
    switch (frame.type) {
      case "join": {
        const told = this.#subscribe(socket, room, frame.since)
        answer({ room_id: room.id, room: room.slug, role: "member", ...told })
        break
      }
      case "leave":
        socket.rooms.delete(room.id)
        answer({})
        break
      case "history":
        answer({ room_id: room.id, ...room.history(frame.limit ?? 50, frame.before) })
        break
      case "message": {
        const { ack, event } = room.post(socket.user, frame.content, frame.client_id)
        if (event) this.publish(event)
        answer({ ...ack })
        break
      }
      case "edit":
      case "delete": {
        const event =
          frame.type === "edit"
            ? room.edit(socket.user, frame.message_id, frame.content)
            : room.delete(socket.user, frame.message_id)
        if (!event) error("not_found")
        else {
          this.publish(event)
          answer({ seq: event.seq })
        }
        break
      }
    }
  }

  #resume(socket: FakeSocket, frame: Extract<Incoming, { type: "resume" }>): void {
    const rooms: Record<string, { head: number; gap?: { from: number; to: number } }> = {}
    const refused: string[] = []
    for (const [id, cursor] of Object.entries(frame.rooms)) {
      const room = this.find(id)
      if (room) rooms[id] = this.#subscribe(socket, room, cursor)
      else refused.push(id)
    }
    socket.deliver({ type: "resumed", ...(frame.ref ? { ref: frame.ref } : {}), rooms, refused })
  }

  #subscribe(socket: FakeSocket, room: FakeRoom, since?: number) {
    socket.rooms.add(room.id)
    const { head } = room
    if (since === undefined) return { head }
    if (head - since > this.replayMax) return { head, gap: { from: since + 1, to: head } }
    for (const event of room.replay(since)) socket.deliver(event)
    return { head }
  }

  #newId(): string {
    return `00000000-0000-7000-8000-${(++this.#ids).toString(16).padStart(12, "0")}`
  }
}
