import type { SentAck } from "@klatch/protocol"
import type { KlatchError } from "./error.ts"
import type { TimelineMessage } from "./message.ts"

/** Past this many, the oldest that is not being sent is let go. */
export const pendingMax = 1_000

/** Our messages that are not in the log yet, in order of sending. */
export type Pending = readonly TimelineMessage[]

export function added(pending: Pending, message: TimelineMessage): Pending {
  const room =
    pending.length < pendingMax ? pending : withoutFirst(pending, (one) => one.delivery !== "sending")
  return [...room, message]
}

/** Durable, at a known place; shown here until the log reaches it. */
export const acked = (pending: Pending, clientId: string, ack: SentAck): Pending =>
  mapped(pending, clientId, ({ error: _error, ...message }) => ({
    ...message,
    seq: ack.seq,
    message_id: ack.message_id,
    timestamp: ack.timestamp,
    delivery: "sent",
  }))

export const failed = (pending: Pending, clientId: string, error: KlatchError): Pending =>
  mapped(pending, clientId, (message) => ({ ...message, delivery: "failed", error }))

/** On its way again, after all that were sent since. */
export function retried(pending: Pending, clientId: string): Pending {
  const message = pending.find((one) => one.client_id === clientId && one.delivery === "failed")
  if (!message) return pending
  const { error: _error, ...rest } = message
  return [...pending.filter((one) => one !== message), { ...rest, delivery: "sending" }]
}

export const discarded = (pending: Pending, clientId: string): Pending =>
  withoutFirst(pending, (one) => one.client_id === clientId && one.delivery === "failed")

/** Without what the log holds now: all up to `cursor`, and those `isInLog` knows by client id. */
export function settled(
  pending: Pending,
  cursor: number | null,
  isInLog: (clientId: string) => boolean,
): Pending {
  if (pending.length === 0) return pending
  const left = pending.filter(
    (one) => !(one.seq !== null && cursor !== null && one.seq <= cursor) && !isInLog(one.client_id ?? ""),
  )
  return left.length === pending.length ? pending : left
}

const mapped = (
  pending: Pending,
  clientId: string,
  change: (message: TimelineMessage) => TimelineMessage,
): Pending => {
  const at = pending.findIndex((one) => one.client_id === clientId && one.seq === null)
  return at < 0 ? pending : pending.with(at, change(pending[at]!))
}

const withoutFirst = (pending: Pending, matches: (message: TimelineMessage) => boolean): Pending => {
  const at = pending.findIndex(matches)
  return at < 0 ? pending : pending.toSpliced(at, 1)
}
