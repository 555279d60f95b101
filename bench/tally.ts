import { readDigits } from "./frame.ts"
import { indexDigits, timeDigits } from "./wire.ts"

/** Messages one load may send in one process; past it the pacer stops, and the run is void by its lateness. */
const capacity = 1_000_000

/** What one load of one generator process has sent and seen. Times are microseconds of this process's clock. */
export interface Tally {
  /** Index of the load's first message: later loads on the same connections do not count earlier loads' stragglers. */
  offset: number
  sent: number
  intendedUs: Float64Array
  lateUs: Float64Array
  lastUs: Float64Array
  ackUs: Float64Array
  receipts: Uint16Array
  expected: Uint16Array
  /** Every delivery, those of an earlier load's backlog too: the server paid for them now. */
  deliveries: number
  /** Deliveries of this load's own messages. */
  ownDeliveries: number
  acks: number
}

/** A tally with nothing in it, for messages numbered from `offset`. */
export function emptyTally(offset: number): Tally {
  return {
    offset,
    sent: 0,
    intendedUs: new Float64Array(capacity),
    lateUs: new Float64Array(capacity),
    lastUs: new Float64Array(capacity),
    ackUs: new Float64Array(capacity),
    receipts: new Uint16Array(capacity),
    expected: new Uint16Array(capacity),
    deliveries: 0,
    ownDeliveries: 0,
    acks: 0,
  }
}

/** Enters a message about to be sent and gives its index; -1 when the tally is full. */
export function countSend(tally: Tally, intendedUs: number, nowUs: number, receivers: number): number {
  const i = tally.sent
  if (i >= capacity) return -1
  tally.sent = i + 1
  tally.intendedUs[i] = intendedUs
  tally.lateUs[i] = nowUs - intendedUs
  tally.expected[i] = receivers
  return tally.offset + i
}

/** Counts one delivery; `at` is where the index stands in the received bytes, the intended time right behind it. */
export function countDelivery(tally: Tally, bytes: Uint8Array, at: number, nowUs: number): void {
  tally.deliveries++
  const i = readDigits(bytes, at, indexDigits) - tally.offset
  if (!(i >= 0 && i < tally.sent)) return
  tally.ownDeliveries++
  // The time that counts is the one that travelled; it is read once a message, from its first receipt.
  const before = tally.receipts[i]!
  if (before === 0) tally.intendedUs[i] = readDigits(bytes, at + indexDigits, timeDigits)
  tally.receipts[i] = before + 1
  tally.lastUs[i] = nowUs
}

/** Counts one ack; false when it belongs to an earlier load. */
export function countAck(tally: Tally, bytes: Uint8Array, at: number, nowUs: number): boolean {
  const i = readDigits(bytes, at, indexDigits) - tally.offset
  if (!(i >= 0 && i < tally.sent) || tally.ackUs[i] !== 0) return false
  tally.acks++
  tally.ackUs[i] = nowUs
  return true
}

/** Samples of the messages `[from, to)` in milliseconds; what did not come, or came too often, is infinite. */
export interface Samples {
  lastMs: Float64Array
  ackMs: Float64Array
  lateMs: Float64Array
  undelivered: number
  unacked: number
}

/** Cuts the samples of one window out of a tally. */
export function takeSamples(tally: Tally, from: number, to: number): Samples {
  const n = to - from
  const samples: Samples = {
    lastMs: new Float64Array(n),
    ackMs: new Float64Array(n),
    lateMs: new Float64Array(n),
    undelivered: 0,
    unacked: 0,
  }
  for (let i = from; i < to; i++) {
    const intended = tally.intendedUs[i]!
    const whole = tally.receipts[i] === tally.expected[i]
    const acked = tally.ackUs[i]! > 0
    if (!whole) samples.undelivered++
    if (!acked) samples.unacked++
    samples.lastMs[i - from] = whole ? (tally.lastUs[i]! - intended) / 1000 : Number.POSITIVE_INFINITY
    samples.ackMs[i - from] = acked ? (tally.ackUs[i]! - intended) / 1000 : Number.POSITIVE_INFINITY
    samples.lateMs[i - from] = tally.lateUs[i]! / 1000
  }
  return samples
}
