import { type DurableEvent, type Event, type FrameOf, type FrameType, isUuid } from "@klatch/protocol"
import type { Directory } from "./directory.ts"
import type { MemoryRoom } from "./memory-room.ts"
import type { MemorySocket } from "./memory-socket.ts"
import { isAllowed } from "./policy.ts"
import { Refusal } from "./refusal.ts"

/** What frames act on. */
export interface FrameServices {
  readonly directory: Directory
  readonly sockets: ReadonlySet<MemorySocket>
  readonly now: () => number
  /** Further behind than this, a replay is a gap to page. */
  readonly replayMax: number
  /** An entry was stored: to be told to whom it is for. */
  readonly onEntry: (event: DurableEvent) => void
}

/** The good answer, without its `ref`; undefined when there is none. */
export type Answer = Record<string, unknown> | undefined
type Handler<T extends FrameType> = (
  services: FrameServices,
  socket: MemorySocket,
  frame: FrameOf<T>,
) => Answer

const lobby = "lobby"
const typingPeriodMs = 1_000

const notYet = () => {
  throw new Refusal("not_supported")
}

/** What each frame does: total, so that a frame of the contract without an answer is a type error. */
export const handlers: { readonly [T in FrameType]: Handler<T> } = {
  message: (services, socket, frame) => post(services, socket, admitted(services, socket, frame), frame),
  chat(services, socket, { body, room_id, client_id }) {
    const { directory } = services
    const room_ref = room_id ?? directory.ensure("public", lobby, socket.user).id
    const frame = { content: body, client_id }
    return post(services, socket, admitted(services, socket, { room_id: room_ref }), frame)
  },
  dm(services, socket, frame) {
    const { directory } = services
    const other = isUuid(frame.to) ? directory.findUser(frame.to) : directory.user(frame.to)
    return post(services, socket, directory.direct(socket.user, other), frame)
  },
  group(services, socket, frame) {
    const room = services.directory.ensure("group", frame.to, socket.user)
    services.directory.join(room, socket.user, room.kind === "group")
    return post(services, socket, room, frame)
  },
  broadcast: (services, socket, frame) => post(services, socket, services.directory.broadcast, frame),
  join({ directory, replayMax }, socket, { room_id: ref, since }) {
    const { user } = socket
    const room = isUuid(ref) ? directory.find(user, ref) : directory.ensure("public", ref, user)
    const role = directory.join(room, user)
    return { room_id: room.id, room: room.label, role, ...follow(socket, room, since, replayMax) }
  },
  leave({ directory }, socket, frame) {
    const { user } = socket
    const room = directory.find(user, frame.room_id)
    if (frame.forget) directory.leave(room, user)
    else if (!socket.rooms.has(room.id)) directory.demand("read", room, user)
    socket.rooms.delete(room.id)
    return { room_id: room.id }
  },
  resume({ directory, replayMax }, socket, { rooms: cursors, ref }) {
    const rooms: Record<string, ReturnType<typeof follow>> = {}
    const refused: string[] = []
    for (const [id, since] of Object.entries(cursors)) {
      const room = readable(directory, socket, id)
      if (room) rooms[id] = follow(socket, room, since, replayMax)
      else refused.push(id)
    }
    const named = ref === undefined ? {} : { ref }
    socket.deliver({ type: "resumed", ...named, rooms, ...(refused.length > 0 ? { refused } : {}) })
    return undefined
  },
  history({ directory }, socket, { room_id, before, after, limit }) {
    const room = directory.find(socket.user, room_id)
    directory.demand("read", room, socket.user)
    return { room_id: room.id, ...room.history(limit, before, after) }
  },
  edit(services, socket, frame) {
    const room = own(services, socket, frame)
    return changed(services, room, frame, room.edit(socket.user, frame.message_id, frame.content))
  },
  delete(services, socket, frame) {
    const room = own(services, socket, frame)
    return changed(services, room, frame, room.delete(socket.user, frame.message_id))
  },
  typing,
  ping(_services, socket, { ref }) {
    socket.deliver({ type: "pong", ...(ref === undefined ? {} : { ref }) })
    return undefined
  },
  read(services, socket, frame) {
    const { directory, sockets } = services
    const { user } = socket
    const room = directory.find(user, frame.room_id)
    if (!socket.rooms.has(room.id)) directory.demand("read", room, user)
    const message_id = room.markRead(user.id, frame.message_id)
    // One's own connections are told by the inbox; those who write to one another are told, too.
    const topics = room.kind === "direct" || room.kind === "group" ? [user.id, room.id] : [user.id]
    const event = { type: "read", room_id: room.id, user_id: user.id, message_id: message_id ?? 0 } as const
    for (const topic of message_id === null ? [] : topics) tellOthers(sockets, socket, topic, event)
    return { room_id: room.id }
  },
  react: notYet,
  unreact: notYet,
  pin: notYet,
  unpin: notYet,
  presence: notYet,
  auth: () => {
    throw new Refusal("unauthorized", "This token is not valid.")
  },
}

interface NewMessage {
  readonly content: string
  readonly client_id?: string | undefined
  readonly reply_to?: number | undefined
  readonly thread_id?: number | undefined
  readonly attachments?: readonly unknown[] | undefined
}

/** The room of a message that may be sent there. Writing to a public room makes a member. */
function admitted(
  { directory }: FrameServices,
  socket: MemorySocket,
  frame: {
    readonly room_id: string
    readonly reply_to?: number | undefined
    readonly thread_id?: number | undefined
  },
): MemoryRoom {
  const room = directory.find(socket.user, frame.room_id)
  const role = directory.demand("post", room, socket.user)
  for (const seq of [frame.reply_to, frame.thread_id])
    if (seq !== undefined && !room.messages.has(seq)) throw noSuchMessage(seq)
  if (role === null) directory.join(room, socket.user)
  return room
}

function post(services: FrameServices, socket: MemorySocket, room: MemoryRoom, message: NewMessage): Answer {
  if (message.attachments?.length) throw new Refusal("not_supported", "Files cannot be attached yet.")
  // The message ends the typing for everyone; going on is news again.
  socket.typingToldMs = Number.NEGATIVE_INFINITY
  const more = { replyTo: message.reply_to, threadId: message.thread_id }
  const { ack, event } = room.post(socket.user, message.content, message.client_id, more)
  if (event) services.onEntry(event)
  return ack
}

/** The room in which the asker may change this message of theirs. */
function own(
  { directory }: FrameServices,
  { user }: MemorySocket,
  frame: FrameOf<"edit" | "delete">,
): MemoryRoom {
  const room = directory.find(user, frame.room_id)
  directory.demand("post", room, user)
  const message = room.messages.get(frame.message_id)
  if (!message || message.deleted_at) throw noSuchMessage(frame.message_id)
  if (message.user_id !== user.id) throw new Refusal("forbidden", "Only who wrote a message can change it.")
  return room
}

function changed(
  services: FrameServices,
  room: MemoryRoom,
  { message_id }: FrameOf<"edit" | "delete">,
  event: DurableEvent | null,
): Answer {
  if (!event) throw noSuchMessage(message_id)
  services.onEntry(event)
  return { room_id: room.id, seq: event.seq, message_id, timestamp: event.timestamp }
}

/** Replays what follows `since`, then goes on live. */
function follow(socket: MemorySocket, room: MemoryRoom, since: number | undefined, replayMax: number) {
  const { head } = room
  socket.rooms.add(room.id)
  if (since === undefined) return { head }
  if (head - since > replayMax) return { head, gap: { from: since + 1, to: head } }
  for (const event of room.replay(since)) socket.deliver(event)
  return { head }
}

function readable(directory: Directory, { user }: MemorySocket, id: string): MemoryRoom | undefined {
  try {
    const room = directory.find(user, id)
    directory.demand("read", room, user)
    return room
  } catch (thrown) {
    if (thrown instanceof Refusal) return undefined
    throw thrown
  }
}

function typing(services: FrameServices, socket: MemorySocket, frame: FrameOf<"typing">): Answer {
  const room = services.directory.peek(frame.room_id)
  if (!room || !socket.rooms.has(room.id)) throw new Refusal("not_found", "Join this room first.")
  const { active, ref } = frame
  const nowMs = services.now()
  if (!active || nowMs - socket.typingToldMs >= typingPeriodMs) {
    socket.typingToldMs = active ? nowMs : Number.NEGATIVE_INFINITY
    const { id: user_id, username: from } = socket.user
    const event = { type: "typing", room_id: room.id, user_id, from, active } as const
    const standing = { ...room.standing(user_id), role: services.directory.role(room, socket.user) }
    if (isAllowed("post", room.facts, standing)) tellOthers(services.sockets, socket, room.id, event)
  }
  return ref === undefined ? undefined : { room_id: room.id }
}

/** Something that is not stored, and not told to the connection it came from. */
function tellOthers(
  sockets: FrameServices["sockets"],
  from: MemorySocket,
  topic: string,
  event: Event,
): void {
  for (const socket of sockets) if (socket !== from && socket.rooms.has(topic)) socket.deliver(event)
}

const noSuchMessage = (seq: number) => new Refusal("not_found", `There is no message ${seq} in this room.`)
