/** Entries of one room as the bytes everyone gets, contiguous from `firstSeq` to `lastSeq`. */
export interface Batch {
  readonly roomId: string
  readonly firstSeq: number
  readonly lastSeq: number
  readonly frames: readonly string[]
}

/** What a node is told by the others. None of these may throw. */
export interface BusListener {
  /** Entries that another node has committed, for a channel this node subscribes to. */
  onBatch(batch: Batch): void
  /** Something said once and not stored, for a channel this node subscribes to. */
  onPassing(channel: string, frame: string): void
  /** Another node has written down what every node is to know: read it now, and not only at the next look. */
  onNudge(): void
  /** Anything may have been missed since the last word: compare with the database. */
  onDoubt(): void
}

/**
 * How nodes tell one another, fast and without promise. What is promised:
 * - At most once. A batch may be lost, late or overtaken by one of another node; PostgreSQL is the truth.
 * - From one node on one channel, what arrives arrives in the order of publishing.
 * - Once `subscribe` has resolved, what is published after that arrives, unless it is lost.
 * - A node does not hear itself.
 * - `publish` never throws, never waits and holds nothing: a bus that is down drops.
 * - When the bus may have lost something and knows it, `onDoubt` is called.
 */
export interface Bus extends AsyncDisposable {
  publish(batches: readonly Batch[]): void
  publishPassing(channel: string, frame: string): void
  /** Tells every other node, whatever it subscribes to. */
  nudge(): void
  /** Rejects when the bus is down; the subscription is made as soon as it is back, followed by `onDoubt`. */
  subscribe(channel: string): Promise<void>
  unsubscribe(channel: string): void
  /** Whether others hear us and we hear them, as far as is known. */
  readonly up: boolean
}
