import type { MessageEvent } from "@klatch/protocol"
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

/** What a room shows. */
export interface TimelineState {
  /** `stale`: not in touch with the server; what is shown was true. */
  readonly status: "empty" | "loading" | "ready" | "stale"
  /** In seq order, no holes, no doubles; what is not yet in the log comes last, in order of sending. */
  readonly messages: readonly TimelineMessage[]
  readonly hasOlder: boolean
  /** The newest seq these messages are true to; 0 for none. */
  readonly head: number
}
