/** A message as its sender remembers it. */
export interface Send {
  readonly room: string
  /** The sender's user id. */
  author: string
  readonly clientId: string
  readonly content: string
  /** Its place among the sender's own sends. */
  readonly order: number
  /** Every ack it got; a send is repeated until it has one. */
  readonly acks: { readonly seq: number; readonly messageId: number }[]
  /** Codes of the errors it got. A refused send may be overtaken by later ones. */
  readonly refusals: string[]
}

/** An edit or a delete as its sender remembers it. */
export interface Change {
  readonly room: string
  readonly kind: "edit" | "delete"
  readonly target: number
  /** Empty for a delete. */
  readonly content: string
  readonly ackSeqs: number[]
  readonly refusals: string[]
}

/** What a connection was told, in the order of telling. */
export type Mark =
  /** It asked for everything of a room after `seq`. */
  | { readonly at: "since"; readonly room: string; readonly seq: number }
  /** The server said that from..to is to be paged; live events begin after `to`. */
  | { readonly at: "gap"; readonly room: string; readonly from: number; readonly to: number }
  /** The server said that everything up to `head` was told, perhaps more. */
  | { readonly at: "live"; readonly room: string; readonly head: number }
  | { readonly at: "entry"; readonly room: string; readonly seq: number; readonly identity: string }

/** One connection of a client; a reconnect begins the next. */
export interface ConnectionJournal {
  readonly client: string
  readonly marks: Mark[]
}

export interface SeenMessage {
  readonly author: string
  readonly clientId: string | undefined
  readonly content: string
  readonly isDeleted: boolean
}

/** What a client shows of a room at the end: every message from `fromSeq` on, true to `head`. */
export interface View {
  readonly client: string
  readonly room: string
  readonly fromSeq: number
  readonly head: number
  readonly messages: ReadonlyMap<number, SeenMessage>
}

export interface LogEntry {
  readonly seq: number
  readonly kind: string
  readonly author: string
  readonly clientId: string | undefined
  /** Place among the room's messages; undefined for what is no message. */
  readonly ordinal: number | undefined
  readonly target: number | undefined
  readonly content: string
  readonly isDeleted: boolean
}

/** A room as the database holds it. */
export interface RoomRecord {
  readonly id: string
  readonly head: number
  readonly messageCount: number
  /** In seq order. */
  readonly entries: readonly LogEntry[]
}

/** All that is known at the end of a run. */
export interface Evidence {
  readonly sends: readonly Send[]
  readonly changes: readonly Change[]
  readonly connections: readonly ConnectionJournal[]
  readonly views: readonly View[]
  readonly log: readonly RoomRecord[]
}

/** What makes an entry this one and no other, as an event tells it and as the log holds it. */
export const identityOf = (
  kind: string,
  author: string,
  clientId: string | undefined,
  target: number | undefined,
): string => `${kind} ${author} ${clientId ?? ""} ${target ?? ""}`
