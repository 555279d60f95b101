import type { Queryable } from "../db/sql.ts"
import type { Author, Entry, EntryBody, LogRoom, MessageData } from "./entry.ts"

/** A message on its way into a room's log. `clientId` is the client's, or one of ours. */
export interface MessageDraft {
  readonly room: LogRoom
  readonly author: Author
  readonly clientId: string
  readonly content: string
  readonly replyTo?: number | undefined
  readonly threadId?: number | undefined
  readonly data?: MessageData | undefined
}

/** Where a draft stands in the log. `known`: it stood there before this flush. */
export interface Placed {
  readonly seq: number
  readonly at: string
  readonly known: boolean
}

/** What a change may do while it holds its rooms' locks. */
export interface ChangeScope extends Queryable {
  /** RFC 3339 time of this change. */
  readonly at: string
  /** The rooms' newest seqs; a room that does not exist is missing. */
  head(roomId: string): number | undefined
  /** Tells of a room that this change has just inserted. */
  created(roomId: string): void
  /** Appends an entry and answers its seq. */
  append(room: LogRoom, author: Author, body: Exclude<EntryBody, { kind: "message" }>): number
}

/**
 * Anything durable but a message: reads, checks and writes rows in one transaction under the locks of `roomIds`,
 * and appends the entries that tell of it. Refuses by throwing AppError. May be run more than once.
 */
export interface Change<R> {
  readonly roomIds: readonly string[]
  /** Inboxes (a user's id each) to lock, made when missing. */
  readonly inboxIds?: readonly string[]
  apply(scope: ChangeScope): Promise<R>
}

export interface Changed<R = unknown> {
  readonly result: R
  readonly entries: readonly { readonly room: LogRoom; readonly entry: Entry }[]
}

/**
 * What the log needs of a database. Both calls are one transaction: all of it is durable when they resolve; when
 * they reject with an outage, all of it may or may not be, and the same call may be made again.
 */
export interface LogStore {
  /** One answer a draft, in their order; undefined when the room is gone. No two drafts share a client_id. */
  appendMessages(drafts: readonly MessageDraft[], at: string): Promise<(Placed | undefined)[]>
  /** Applies all, or rejects with the first refusal and applies none. */
  applyChanges(changes: readonly Change<unknown>[], at: string): Promise<Changed[]>
}
