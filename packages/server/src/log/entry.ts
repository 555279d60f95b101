import type { MessageKind, Role, RoomKind } from "@klatch/protocol"
import { unreachable } from "../lib/assert.ts"

/** A room as its log needs to know it. `label` is the slug, or the name where there is none. */
export interface LogRoom {
  readonly id: string
  readonly kind: RoomKind
  readonly label: string
}

/** Who wrote an entry. */
export interface Author {
  readonly id: string
  readonly username: string
}

export interface MessageData {
  readonly attachments?: readonly { file_id: string }[]
  readonly mentions?: readonly string[]
}

/** Where someone stands from now on. The entry's author is they; `by` is who did it. */
export interface MemberData {
  readonly role: Role | null
  readonly muted_until: string | null
  readonly banned: boolean
  readonly by?: Author | undefined
}

export interface RoomData {
  readonly name: string
  readonly topic: string
  readonly archived?: boolean
  readonly slow_mode_s?: number
  readonly rights?: object
}

/** What each kind of entry holds beyond room, seq, author and time. */
export type EntryBody =
  | {
      readonly kind: "message"
      readonly content: string
      readonly clientId?: string | undefined
      readonly replyTo?: number | undefined
      readonly threadId?: number | undefined
      readonly editedAt?: string | undefined
      readonly deletedAt?: string | undefined
      readonly data?: MessageData | undefined
    }
  | { readonly kind: "edit"; readonly target: number; readonly content: string }
  | { readonly kind: "delete"; readonly target: number }
  | { readonly kind: "join"; readonly data: { readonly role: Role; readonly by?: Author | undefined } }
  | { readonly kind: "leave"; readonly data?: { readonly by?: Author | undefined } | undefined }
  | { readonly kind: "member"; readonly data: MemberData }
  | { readonly kind: "room"; readonly data: RoomData }
  | { readonly kind: "room_added"; readonly data: { readonly room: object; readonly since: number } }
  | { readonly kind: "room_removed"; readonly data: { readonly room: object } }

export type EntryKind = EntryBody["kind"]

/** An entry at its place in a room's log. `at` is RFC 3339 with ms. */
export type Entry = { readonly seq: number; readonly author: Author; readonly at: string } & EntryBody

/** The same bytes for everyone, live and in a replay: an event is made from its entry here and nowhere else. */
export const encodeEntry = (room: LogRoom, entry: Entry): string => JSON.stringify(eventOf(room, entry))

/** What an entry changed of what was so before it: any but a message. */
export interface ChangeEvent {
  readonly type: "edit" | "delete" | "join" | "leave" | "member" | "room" | "room_added" | "room_removed"
  readonly seq: number
  /** Whom it is about. */
  readonly user_id: string
  readonly banned?: boolean
}

/** The change that a frame tells of; undefined for a message, which is nearly all, and costs no more than a look. */
export const changeIn = (frame: string): ChangeEvent | undefined =>
  frame.startsWith(MESSAGE_BEGINS) ? undefined : (JSON.parse(frame) as ChangeEvent)

const MESSAGE_BEGINS = '{"type":"message",'

/** The public event of an entry, as PROTOCOL section 4 shapes it. */
export function eventOf(
  room: LogRoom,
  entry: Entry,
): Record<string, unknown> & { type: string; seq: number } {
  const { seq, author, at } = entry
  switch (entry.kind) {
    case "message":
      return {
        type: "message",
        seq,
        message_id: seq,
        room_id: room.id,
        room: room.label,
        kind: messageKindOf(room.kind),
        user_id: author.id,
        from: author.username,
        to: recipientOf(room, author),
        content: entry.content,
        client_id: publicClientId(entry.clientId),
        timestamp: at,
        edited_at: entry.editedAt,
        deleted_at: entry.deletedAt,
        reply_to: entry.replyTo,
        thread_id: entry.threadId,
        attachments: entry.data?.attachments,
        mentions: entry.data?.mentions,
      }
    case "edit":
      return { type: "edit", ...change(room, entry), message_id: entry.target, content: entry.content }
    case "delete":
      return { type: "delete", ...change(room, entry), message_id: entry.target }
    case "join":
    case "member":
      return { type: entry.kind, ...change(room, entry), ...entry.data }
    case "leave":
      return { type: "leave", ...change(room, entry), ...entry.data }
    case "room":
      return { type: "room", ...change(room, entry), ...entry.data }
    case "room_added":
    case "room_removed":
      return { type: entry.kind, seq, room_id: room.id, timestamp: at, ...entry.data }
    default:
      return unreachable(entry)
  }
}

const change = (room: LogRoom, { seq, author, at }: Entry) => ({
  seq,
  room_id: room.id,
  user_id: author.id,
  from: author.username,
  timestamp: at,
})

const messageKinds: Record<RoomKind, MessageKind> = {
  public: "room",
  private: "room",
  inbox: "room",
  group: "group",
  direct: "dm",
  broadcast: "broadcast",
}
export const messageKindOf = (kind: RoomKind): MessageKind => messageKinds[kind]

/** A direct room's label is its two usernames, comma-separated; whoever did not write is the recipient. */
function recipientOf(room: LogRoom, author: Author): string | undefined {
  if (room.kind === "group") return room.label
  if (room.kind !== "direct") return undefined
  const [one, other] = room.label.split(",")
  return one === author.username ? (other ?? one) : one
}

/**
 * A message sent without a client_id gets one of ours, so that a commit of unknown outcome can be tried again.
 * It begins with a control character, which no client's may hold, and is told to no one.
 */
export const OWN_CLIENT_ID_PREFIX = "\u0001"
const publicClientId = (id: string | undefined) => (id?.startsWith(OWN_CLIENT_ID_PREFIX) ? undefined : id)
