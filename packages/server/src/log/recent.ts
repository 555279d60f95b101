/** What a room's newest entries look like on the wire, contiguous up to `lastSeq`. */
interface Ring {
  firstSeq: number
  frames: string[]
  bytes: number
}

export interface RecentOptions {
  readonly perRoomMax?: number
  /** Memory for all rooms together, in UTF-16 code units of frames; the room longest untouched goes first. */
  readonly totalMax?: number
}

/**
 * The newest entries of busy rooms in memory, so that resuming a minute later reads no database. Only ever a suffix
 * of the log without holes: what does not fit on the end starts the room anew.
 */
export class Recent {
  readonly #rings = new Map<string, Ring>()
  readonly #perRoomMax: number
  readonly #totalMax: number
  #total = 0

  constructor(options: RecentOptions = {}) {
    this.#perRoomMax = options.perRoomMax ?? 512
    this.#totalMax = options.totalMax ?? 16 * 1024 * 1024
  }

  /**
   * Adds frames `firstSeq`.. of a room. With `mayBegin` false only to what is kept of it already: a room in which
   * people come and go but nothing is said costs nothing.
   */
  add(roomId: string, firstSeq: number, frames: readonly string[], mayBegin = true): void {
    let ring = this.#rings.get(roomId)
    const nextSeq = ring ? ring.firstSeq + ring.frames.length : firstSeq
    if (firstSeq < nextSeq) return
    if (!ring || firstSeq > nextSeq) {
      if (ring) this.#forget(roomId, ring)
      if (!mayBegin) return
      ring = { firstSeq, frames: [], bytes: 0 }
    }
    this.#rings.delete(roomId)
    this.#rings.set(roomId, ring)
    for (const frame of frames) {
      ring.frames.push(frame)
      ring.bytes += frame.length
      this.#total += frame.length
    }
    if (ring.frames.length > this.#perRoomMax * 1.5) this.#drop(ring, ring.frames.length - this.#perRoomMax)
    while (this.#total > this.#totalMax) {
      const [oldestId, oldest] = this.#rings.entries().next().value as [string, Ring]
      this.#forget(oldestId, oldest)
    }
  }

  /** The frames after `seq`, at most `countMax`, oldest first; undefined when not all of them are here. */
  after(roomId: string, seq: number, countMax: number): readonly string[] | undefined {
    const ring = this.#rings.get(roomId)
    if (!ring || seq + 1 < ring.firstSeq) return undefined
    const from = seq + 1 - ring.firstSeq
    return ring.frames.slice(from, from + countMax)
  }

  /** Forgets everything up to `seq`: a message was changed, and its first words are not to be told again. */
  forgetThrough(roomId: string, seq: number): void {
    const ring = this.#rings.get(roomId)
    if (!ring || seq < ring.firstSeq) return
    this.#drop(ring, Math.min(ring.frames.length, seq - ring.firstSeq + 1))
    // Rooms that hold nothing weigh nothing, so `totalMax` would never make them go.
    if (ring.frames.length === 0) this.#rings.delete(roomId)
  }

  clear(): void {
    this.#rings.clear()
    this.#total = 0
  }

  #forget(roomId: string, ring: Ring): void {
    this.#rings.delete(roomId)
    this.#total -= ring.bytes
  }

  #drop(ring: Ring, count: number): void {
    for (const frame of ring.frames.splice(0, count)) {
      ring.bytes -= frame.length
      this.#total -= frame.length
    }
    ring.firstSeq += count
  }
}
