import { type DurableEvent, isUuid, type Role, slug as slugSchema, type User } from "@klatch/protocol"
import { MemoryRoom, type MemoryRoomOptions } from "./memory-room.ts"
import { type Action, mayOrThrow } from "./policy.ts"
import { noSuchRoom, Refusal } from "./refusal.ts"

/** What a room to be made is. */
export interface NewMemoryRoom {
  readonly kind: "public" | "private" | "group" | "direct"
  readonly name: string
  readonly slug?: string | undefined
  readonly topic?: string | undefined
  readonly members?: readonly User[]
}

export interface DirectoryOptions {
  readonly now: () => number
  /** What every room that is made by its name alone is. */
  readonly roomDefaults: MemoryRoomOptions
  /** An entry was stored: to be told to whom it is for. */
  readonly onEntry: (event: DurableEvent) => void
  /** Someone belongs to a room no more. */
  readonly onDismissed: (room: MemoryRoom, user: User, told: DurableEvent | undefined) => void
}

const broadcastId = "00000000-0000-7000-8000-00000000b0ad"

/** Users, rooms, and who belongs where. Everything here throws a `Refusal` in the server's words. */
export class Directory {
  readonly broadcast: MemoryRoom
  readonly #options: DirectoryOptions
  readonly #users = new Map<string, User>()
  readonly #rooms = new Map<string, MemoryRoom>()
  /** By slug, and by the pair of users of a direct room. */
  readonly #named = new Map<string, MemoryRoom>()
  #ids = 0

  constructor(options: DirectoryOptions) {
    this.#options = options
    const { now } = options
    this.broadcast = new MemoryRoom(broadcastId, null, { kind: "broadcast", everyoneIs: "member", now })
    this.#rooms.set(broadcastId, this.broadcast)
  }

  /** Every room but the inboxes, in the order of their ids. */
  get rooms(): MemoryRoom[] {
    return [...this.#rooms.values()].filter(({ kind }) => kind !== "inbox").sort(byId)
  }

  /** The user of this name in any case, made at the first mention. */
  user(name: string): User {
    const key = name.toLowerCase()
    const known = this.#users.get(key)
    if (known) return known
    const user = { id: this.newId(), username: name, display_name: name }
    this.#users.set(key, user)
    const inbox = new MemoryRoom(user.id, null, { kind: "inbox", now: this.#options.now })
    this.#rooms.set(user.id, inbox)
    return user
  }

  /** A user by id or name. */
  findUser(ref: string): User {
    const key = ref.toLowerCase()
    const found = this.#users.get(key) ?? [...this.#users.values()].find(({ id }) => id === key)
    if (!found) throw new Refusal("not_found", `There is no user ${JSON.stringify(ref)}.`)
    return found
  }

  /** By id or slug; undefined when there is none. */
  peek(ref: string): MemoryRoom | undefined {
    const key = ref.toLowerCase()
    return this.#rooms.get(key) ?? this.#named.get(`slug:${key}`)
  }

  /** A room as one who asks finds it: of the inboxes only the own one. */
  find(asker: User, ref: string): MemoryRoom {
    const room = this.peek(ref)
    if (!room || (room.kind === "inbox" && room.id !== asker.id)) throw new Refusal("not_found", noSuchRoom)
    return room
  }

  /** The room of this slug, made when there is none, without a member when nobody owns it. An id makes none. */
  ensure(kind: "public" | "group", slug: string, owner: User | null): MemoryRoom {
    const found = this.peek(slug)
    if (found && found.kind !== "inbox") return found
    if (isUuid(slug)) throw new Refusal("not_found", noSuchRoom)
    return this.#make(owner, { kind, name: slug, slug }, this.#options.roomDefaults)
  }

  /** Makes a room, its maker the owner. */
  create(owner: User, input: NewMemoryRoom): MemoryRoom {
    const slug = input.slug ?? (input.kind === "public" ? slugOf(input.name) : undefined)
    if (slug !== undefined && this.#named.has(`slug:${slug}`))
      throw new Refusal("conflict", `The slug ${JSON.stringify(slug)} is taken.`)
    return this.#make(owner, { ...input, slug })
  }

  /** The one direct room of these two, whoever opens it. */
  direct(asker: User, other: User): MemoryRoom {
    const key = `dm:${[asker.id, other.id].sort().join(":")}`
    const found = this.#named.get(key)
    if (found) return found
    const members = asker.id === other.id ? [asker] : [asker, other]
    const names = members.map(({ username }) => username).sort()
    const room = this.#make(asker, { kind: "direct", name: names.join(","), members })
    this.#named.set(key, room)
    return room
  }

  role(room: MemoryRoom, user: User): Role | null {
    if (room.kind === "inbox") return room.id === user.id ? "reader" : null
    return room.role(user.id)
  }

  /** The role under which the user may do this. */
  demand(action: Action, room: MemoryRoom, user: User): Role | null {
    const role = this.role(room, user)
    mayOrThrow(action, room, { ...room.standing(user.id), role })
    return role
  }

  /** The same of an act on someone. */
  demandOn(action: Action, room: MemoryRoom, user: User, target: User, nextRole?: Role): void {
    const on = { role: room.role(target.id), isSelf: target.id === user.id, ...(nextRole && { nextRole }) }
    mayOrThrow(action, room, { ...room.standing(user.id), role: this.role(room, user) }, on)
  }

  /** Makes the user a member; one who is stays what it is. `isAdmitted`: nobody asks whether they may. */
  join(room: MemoryRoom, user: User, isAdmitted = false): Role {
    const isAsked = !isAdmitted || room.standing(user.id).isBanned
    const role = isAsked ? this.demand("join", room, user) : this.role(room, user)
    if (role !== null) return role
    this.admit(room, user, "member")
    return this.role(room, user) ?? "member"
  }

  add(asker: User, room: MemoryRoom, users: readonly User[]): void {
    this.demand("add_members", room, asker)
    // One change: the entries of those who come with others are not theirs to have read.
    const { head } = room
    for (const { id, username } of users)
      if (room.bans.has(id)) throw new Refusal("forbidden", `${username} is banned from this room.`)
    for (const user of users) this.admit(room, user, "member", head, asker)
  }

  leave(room: MemoryRoom, user: User): void {
    this.demand("leave", room, user)
    this.dismiss(room, user)
  }

  /** Ends a membership; says whether there was one. A room whose owner goes is its heir's, if there is one. */
  dismiss(room: MemoryRoom, user: User, by?: User): boolean {
    const isOwner = room.role(user.id) === "owner"
    const event = room.dismiss(user, by)
    if (!event) return false
    this.#options.onEntry(event)
    this.#options.onDismissed(room, user, this.#tell(user, "room_removed", room, 0))
    const { heir } = room
    if (isOwner && heir) this.#options.onEntry(room.place(heir, { role: "owner", mutedUntilMs: 0 }))
    return true
  }

  /** Makes someone a member whoever may or may not. What is there up to `readSeq` counts as read. */
  admit(room: MemoryRoom, user: User, role: Role, readSeq?: number, by?: User): void {
    const since = room.head
    const event = room.admit(user, role, readSeq, by)
    if (!event) return
    this.#options.onEntry(event)
    this.#tell(user, "room_added", room, since)
  }

  /** An entry of a room, to be told. */
  publish(event: DurableEvent): void {
    this.#options.onEntry(event)
  }

  /** Ids sort in the order in which they were made, as the server's do. */
  newId(): string {
    return `01900000-0000-7000-8000-${(++this.#ids).toString(16).padStart(12, "0")}`
  }

  #make(owner: User | null, input: NewMemoryRoom, more: MemoryRoomOptions = {}): MemoryRoom {
    const { kind, name, slug, topic } = input
    const { now } = this.#options
    const options = { ...more, kind, name, now, ...(topic === undefined ? {} : { topic }) }
    const room = new MemoryRoom(this.newId(), slug ?? null, options)
    this.#rooms.set(room.id, room)
    if (slug) this.#named.set(`slug:${slug}`, room)
    if (owner) this.admit(room, owner, kind === "direct" ? "member" : "owner")
    for (const user of input.members ?? []) this.admit(room, user, "member", 0, owner ?? undefined)
    return room
  }

  #tell(user: User, type: "room_added" | "room_removed", about: MemoryRoom, since: number) {
    const event = this.#rooms.get(user.id)?.tell(type, about, since)
    if (event) this.#options.onEntry(event)
    return event
  }
}

const byId = (a: MemoryRoom, b: MemoryRoom): number => (a.id < b.id ? -1 : 1)

/** A slug out of a name; a name that leaves nothing, or what looks like an id, has none. */
function slugOf(name: string): string | undefined {
  const hyphened = name
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, "-")
    .replace(/^-+/, "")
  const slug = slugSchema.safeParse(hyphened.slice(0, 64).replace(/-+$/, "")).data
  return slug === undefined || isUuid(slug) ? undefined : slug
}
