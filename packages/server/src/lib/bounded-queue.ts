import { assert } from "./assert.ts"

/** A first-in-first-out queue that refuses at `countMax` items: what to do then is the caller's, stated rule. */
export class BoundedQueue<T> {
  #items: T[] = []
  #head = 0
  readonly countMax: number

  constructor(countMax: number) {
    assert(countMax > 0, "a queue needs room for one")
    this.countMax = countMax
  }

  get count(): number {
    return this.#items.length - this.#head
  }

  /** Adds `item`, or answers false when full. */
  push(item: T): boolean {
    if (this.count >= this.countMax) return false
    this.#items.push(item)
    return true
  }

  /** The oldest item, left in place. */
  peek(): T | undefined {
    return this.#items[this.#head]
  }

  /** Removes and answers the oldest item. Amortised constant time. */
  shift(): T | undefined {
    if (this.count === 0) return undefined
    const item = this.#items[this.#head] as T
    this.#items[this.#head++] = undefined as T
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }
}
