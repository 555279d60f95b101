/** Garbage is collected once a rush of at least this many connections is over, or has become this long. */
const rushMin = 100
const rushMax = 250
/** It is quiet while no more frames than this come a sweep: pings of 18,000 idle connections are no work. */
const quietFramesMax = 3_000

/** Connections come in rushes and leave garbage behind: this says when to collect it without being felt. */
export class Rush {
  readonly #collect: () => void
  #opened = 0
  #openedAtSweep = 0
  #frames = 0

  constructor(collect: () => void) {
    this.#collect = collect
  }

  /** One more connection opened. */
  opened(): void {
    if (++this.#opened === rushMax) this.#collectIfQuiet()
  }

  /** One more frame came. */
  heard(): void {
    this.#frames++
  }

  /** Once a sweep. Answers how many frames came since the last. */
  sweep(): number {
    const isOver = this.#opened >= rushMin && this.#opened === this.#openedAtSweep
    this.#openedAtSweep = this.#opened
    if (isOver || this.#opened >= rushMax) this.#collectIfQuiet()
    const frames = this.#frames
    this.#frames = 0
    return frames
  }

  #collectIfQuiet(): void {
    if (this.#frames > quietFramesMax) return
    this.#opened = 0
    this.#collect()
  }
}
