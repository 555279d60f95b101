/**
 * Turns many single look-ups into few: what is asked while a look-up runs goes into the next one.
 * At most `countMax` keys a call, one call at a time; a failed call fails the keys it was for.
 */
export class BatchLoader<K, V> {
  #waiting: { key: K; resolve: (value: V) => void; reject: (reason: unknown) => void }[] = []
  #running = false
  readonly #load: (keys: K[]) => Promise<V[]>
  readonly #countMax: number

  /** `load` answers one value a key, in the order of the keys. */
  constructor(load: (keys: K[]) => Promise<V[]>, countMax = 1_000) {
    this.#load = load
    this.#countMax = countMax
  }

  get(key: K): Promise<V> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ key, resolve, reject })
      if (!this.#running) {
        this.#running = true
        queueMicrotask(() => this.#run())
      }
    })
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#countMax)
      try {
        const values = await this.#load(batch.map((item) => item.key))
        for (const [i, item] of batch.entries()) item.resolve(values[i] as V)
      } catch (error) {
        for (const item of batch) item.reject(error)
      }
    }
    this.#running = false
  }
}
