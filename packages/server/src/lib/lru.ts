/**
 * A map that forgets the least recently used beyond `countMax`. Reads and writes are constant time. Reads count as use
 * once it is half full: before, nothing is near being forgotten, and moving a key costs more than finding it.
 */
export class Lru<K, V> {
  #map = new Map<K, V>()
  readonly countMax: number

  constructor(countMax: number) {
    this.countMax = countMax
  }

  get count(): number {
    return this.#map.size
  }

  get(key: K): V | undefined {
    const value = this.#map.get(key)
    if (value !== undefined && this.#map.size * 2 > this.countMax) {
      this.#map.delete(key)
      this.#map.set(key, value)
    }
    return value
  }

  set(key: K, value: V): void {
    this.#map.delete(key)
    this.#map.set(key, value)
    if (this.#map.size > this.countMax) this.#map.delete(this.#map.keys().next().value as K)
  }

  delete(key: K): void {
    this.#map.delete(key)
  }

  clear(): void {
    this.#map.clear()
  }

  /** Forgets every value that `is`; looks at each. */
  deleteWhere(is: (value: V) => boolean): void {
    for (const [key, value] of this.#map) if (is(value)) this.#map.delete(key)
  }
}
