import type { MessageEvent, Role, Room, SentAck, User } from "@klatch/protocol"
import type { MemoryRoom } from "./memory-room.ts"
import type { Incoming, MemoryServer } from "./memory-server.ts"

/** A room to be made; by default a public one, its slug made of its name. */
export interface NewTestRoom {
  readonly name: string
  readonly kind?: "public" | "private" | "group"
  readonly slug?: string
  readonly topic?: string
  /** Names of those who belong to it besides its owner. */
  readonly members?: readonly string[]
}

/**
 * The server as a test holds it: what others do, and what is stored. Users are named and made at the first mention;
 * a room is named by slug or id, and a public one is made at the first mention. What the server would refuse throws.
 */
export interface TestServer {
  /** Someone writes; in a public room they become a member. Answers the ack they would get. */
  post(room: string, from: string, content: string): SentAck
  /** Someone changes a message of theirs. */
  edit(room: string, from: string, messageId: number, content: string): void
  /** Someone takes a message of theirs back. */
  delete(room: string, from: string, messageId: number): void
  /** Someone types, or stops. */
  type(room: string, from: string, active?: boolean): void
  /** The messages of a room as they are stored now, oldest first. */
  messages(room: string): readonly MessageEvent[]
  /** Who belongs to a room. */
  members(room: string): readonly (User & { readonly role: Role })[]
  /** Someone makes a room, and owns it. */
  createRoom(owner: string, room: NewTestRoom): Room
  /** The direct room of two, made when it is missing; named to the other methods by its `id`. */
  direct(one: string, other: string): Room
  /** Makes someone a member, of whatever room. */
  add(room: string, user: string): void
  /** Ends someone's membership. */
  remove(room: string, user: string): void
  /** Every frame that arrived from clients, in order. */
  readonly frames: readonly Incoming[]
  /** How many connections are open. */
  readonly connections: number
}

/** The hold of a test on a server. */
export function testServer(server: MemoryServer): TestServer {
  const { directory } = server
  const written = (room: string, messageId: number): MessageEvent => {
    const message = server.room(room).messages.get(messageId)
    if (!message || message.deleted_at) throw new Error(`there is no message ${messageId} in ${room}`)
    return message
  }
  const own = (room: string, from: string, messageId: number): { room: MemoryRoom; user: User } => {
    const user = server.user(from)
    const author = written(room, messageId).from
    if (author !== user.username) throw new Error(`message ${messageId} is ${author}'s, not ${from}'s`)
    return { room: server.room(room), user }
  }
  return {
    post: (room, from, content) => server.post(room, from, content),
    edit(ref, from, messageId, content) {
      const { room, user } = own(ref, from, messageId)
      server.publish(room.edit(user, messageId, content))
    },
    delete(ref, from, messageId) {
      const { room, user } = own(ref, from, messageId)
      server.publish(room.delete(user, messageId))
    },
    type(ref, from, active = true) {
      const { id } = server.room(ref)
      const { id: user_id, username } = server.user(from)
      for (const socket of server.sockets)
        if (socket.rooms.has(id))
          socket.deliver({ type: "typing", room_id: id, user_id, from: username, active })
    },
    messages: (room) => server.room(room).current,
    members: (room) => server.room(room).members,
    createRoom(owner, { kind = "public", members = [], ...input }) {
      const user = server.user(owner)
      const users = members.map((name) => server.user(name))
      return directory.create(user, { ...input, kind, members: users }).describe(user.id)
    },
    direct(one, other) {
      const user = server.user(one)
      return directory.direct(user, server.user(other)).describe(user.id)
    },
    add: (room, user) => void directory.join(server.room(room), server.user(user), true),
    remove: (room, user) => directory.leave(server.room(room), server.user(user)),
    frames: server.frames,
    get connections() {
      return server.sockets.size
    },
  }
}
