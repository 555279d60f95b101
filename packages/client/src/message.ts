import type { EventOf, MessageEvent } from "@klatch/protocol"
import type { KlatchError } from "./error.ts"

/** A message as shown: the log's own, or one of ours on its way there. */
export interface TimelineMessage extends Omit<MessageEvent, "type" | "seq" | "message_id"> {
  /** Null until the server has acked it. */
  readonly seq: number | null
  /** Null until the server has acked it. */
  readonly message_id: number | null
  readonly delivery: "sent" | "sending" | "failed"
  /** Why it failed. */
  readonly error?: KlatchError
}

/** A message of the log, as shown. */
export function toMessage(event: MessageEvent): TimelineMessage {
  const { type: _type, ...fields } = event
  return { ...fields, delivery: "sent" }
}

/** A message after an edit or a deletion; of what is deleted nothing is told but when. */
export function withChange<M extends { readonly content: string }>(
  message: M,
  change: EventOf<"edit"> | EventOf<"delete">,
): M {
  if (change.type === "edit") return { ...message, content: change.content, edited_at: change.timestamp }
  const { edited_at: _editedAt, ...rest } = message as M & { edited_at?: string }
  return { ...(rest as unknown as M), content: "", deleted_at: change.timestamp }
}

/** The event that a message of the log came by. */
export function toEvent(message: TimelineMessage): MessageEvent {
  const { delivery: _delivery, error: _error, ...fields } = message
  return { type: "message", ...fields } as MessageEvent
}

/** Whether two are alike in every field. */
export function isSameMessage(a: TimelineMessage, b: TimelineMessage): boolean {
  const keys = Object.keys(a) as (keyof TimelineMessage)[]
  if (keys.length !== Object.keys(b).length) return false
  return keys.every((key) => a[key] === b[key] || JSON.stringify(a[key]) === JSON.stringify(b[key]))
}
