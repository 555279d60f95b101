import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { settle } from "../../../../tests/harness/log-model.ts"
import { LocalBusHub } from "../cluster/bus-local.ts"
import { ManualClock } from "../lib/clock.ts"
import { type Random, seededRandom } from "../lib/random.ts"
import { type Cutover, Delivery, type DeliveryLog } from "./delivery.ts"
import type { LocalTopics } from "./local.ts"
import type { Subscriber } from "./subscriber.ts"

type Room = { id: string }
const room: Room = { id: "r" }

/** A socket that keeps what it is given, and a node's topics. */
class Listener implements Subscriber {
  isOpen = true
  isBarred = false
  bufferedBytes = 0
  heard: number[] = []
  cutover: Cutover | undefined
  readonly #topics: Topics
  constructor(topics: Topics) {
    this.#topics = topics
  }
  send(frame: string): void {
    this.heard.push(Number(frame))
  }
  subscribe(topic: string): boolean {
    if (this.isBarred) return false
    this.#topics.of(topic).add(this)
    return true
  }
  unsubscribe(topic: string): void {
    this.#topics.of(topic).delete(this)
  }
  isSubscribed(topic: string): boolean {
    return this.#topics.of(topic).has(this)
  }
  drained = () => Promise.resolve()
}

class Topics implements LocalTopics {
  readonly #topics = new Map<string, Set<Listener>>()
  of(topic: string): Set<Listener> {
    const found = this.#topics.get(topic) ?? new Set()
    this.#topics.set(topic, found)
    return found
  }
  publish(topic: string, frame: string): void {
    for (const listener of this.of(topic)) listener.send(frame)
  }
  subscriberCount = (topic: string) => this.of(topic).size
}

/** A log whose head only grows, slow and at times away. */
class Log implements DeliveryLog<Room> {
  headSeq = 0
  failRate = 0
  reads = 0
  readonly #random: Random
  constructor(random: Random) {
    this.#random = random
  }
  async head(): Promise<number> {
    await this.#turn()
    return this.headSeq
  }
  async heads(ids: readonly string[]): Promise<Map<string, number>> {
    await this.#turn()
    return new Map(ids.map((id) => [id, this.headSeq]))
  }
  followingInMemory = () => undefined
  async following(_room: Room, seq: number, countMax: number) {
    this.reads++
    await this.#turn()
    const frames: string[] = []
    for (let next = seq + 1; next <= Math.min(this.headSeq, seq + countMax); next++) frames.push(String(next))
    await this.#turn()
    return { firstSeq: seq + 1, frames }
  }
  async #turn(): Promise<void> {
    for (let i = Math.floor(this.#random.float() * 4); i > 0; i--) await Promise.resolve()
    if (this.#random.float() < this.failRate) throw new Error("away")
  }
}

function node(seed: number, replayMax = 1_000) {
  const clock = new ManualClock()
  const random = seededRandom(seed)
  const log = new Log(random)
  const topics = new Topics()
  const failures: unknown[] = []
  const bus = new LocalBusHub().join({ onBatch() {}, onPassing() {}, onNudge() {}, onDoubt() {} })
  const delivery = new Delivery<Room>({
    log,
    topics,
    bus: () => bus,
    clock,
    random,
    replayMax,
    onFailure: (error) => failures.push(error),
  })
  const commit = (count: number) => {
    const firstSeq = log.headSeq + 1
    log.headSeq += count
    const frames = Array.from({ length: count }, (_, i) => String(firstSeq + i))
    return { roomId: room.id, firstSeq, lastSeq: log.headSeq, frames }
  }
  const join = async (since?: number) => {
    const listener = new Listener(topics)
    await delivery.attach(room, listener, since, (cutover) => {
      listener.cutover = cutover
    })
    return listener
  }
  return { clock, random, log, topics, delivery, commit, join, failures }
}

const range = (from: number, to: number) =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i)

describe("delivery", () => {
  test("[D1] [D2] [D3] [D4] under loss, doubling and overtaking each hears every seq once, in order", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer(),
        fc.array(fc.constantFrom("commit", "lose", "double", "late", "join", "joinSince", "sweep"), {
          minLength: 5,
          maxLength: 60,
        }),
        fc.double({ min: 0, max: 0.3, noNaN: true }),
        async (seed, steps, failRate) => {
          const { clock, random, log, delivery, commit, join } = node(seed)
          const joins: Promise<{ listener: Listener; from: number }>[] = []
          const late: ReturnType<typeof commit>[] = []
          for (const step of steps) {
            log.failRate = 0
            if (step === "commit") delivery.deliver(commit(1 + Math.floor(random.float() * 3)))
            if (step === "lose") commit(1)
            if (step === "late") late.push(commit(1))
            if (step === "double") {
              const batch = commit(2)
              delivery.deliver(batch)
              delivery.deliver(batch)
            }
            if (step === "sweep") {
              const batch = late.pop()
              if (batch) delivery.deliver(batch)
            }
            if (step === "join")
              joins.push(join().then((listener) => ({ listener, from: listener.cutover!.head + 1 })))
            if (step === "joinSince") {
              const since = Math.floor(random.float() * (log.headSeq + 1))
              joins.push(join(since).then((listener) => ({ listener, from: since + 1 })))
            }
            for (let i = Math.floor(random.float() * 6); i > 0; i--) await Promise.resolve()
            log.failRate = failRate
          }
          log.failRate = 0
          const listeners = await Promise.all(joins)
          await settle(
            clock,
            () =>
              listeners.every(
                ({ listener, from }) => from > log.headSeq || listener.heard.at(-1) === log.headSeq,
              ),
            300,
          )
          for (const { listener, from } of listeners) expect(listener.heard).toEqual(range(from, log.headSeq))
          delivery[Symbol.dispose]()
        },
      ),
      { numRuns: 300 },
    )
  })

  test("[D3] a lost last entry, which shows no gap, is found by the sweep within 5 s", async () => {
    const { clock, delivery, commit, join } = node(1)
    const listener = await join()
    delivery.deliver(commit(3))
    commit(1)
    expect(listener.heard).toEqual([1, 2, 3])
    await settle(clock, () => listener.heard.length === 4, 250)
    expect(clock.now() - Date.UTC(2030, 0, 1)).toBeLessThanOrEqual(5_500)
    expect(listener.heard).toEqual([1, 2, 3, 4])
  })

  test("[D5] further behind than the replay bound one is told the gap, hears none of it, goes on live", async () => {
    const { delivery, commit, join } = node(2, 10)
    const first = await join()
    delivery.deliver(commit(50))
    const late = await join(5)
    expect(late.cutover).toEqual({ head: 50, gap: { from: 6, to: 50 } })
    delivery.deliver(commit(1))
    expect(late.heard).toEqual([51])
    expect(first.heard).toEqual(range(1, 51))
  })

  test("[D6] a room held back at a gap goes live only when the hold ends, at the head of that tick", async () => {
    const { delivery, commit, topics } = node(4, 10)
    const keep = new Listener(topics)
    await delivery.attach(room, keep, undefined, () => {})
    delivery.deliver(commit(40))
    const held = new Listener(topics)
    expect(await delivery.attach(room, held, 1, () => {}, true)).toBe("held")
    delivery.deliver(commit(2))
    expect(held.heard).toEqual([])
    expect(delivery.cutoverAt(room, held, 1)).toEqual({ head: 42, gap: { from: 2, to: 42 } })
    delivery.deliver(commit(1))
    expect(held.heard).toEqual([43])
  })

  test("[D7] a room without listeners is let go, and the log is not read for it", async () => {
    const { clock, delivery, join, topics } = node(6)
    const listener = await join()
    expect(delivery.roomCount).toBe(1)
    topics.of(room.id).delete(listener)
    await settle(clock, () => delivery.roomCount === 0, 1_000)
    expect(delivery.roomCount).toBe(0)
  })

  test("a log that cannot be read delays and never loses", async () => {
    const { clock, log, delivery, commit, join, failures } = node(9)
    const listener = await join()
    commit(5)
    log.failRate = 1
    delivery.deliver(commit(1))
    await settle(clock, () => failures.length > 3, 100)
    expect(listener.heard).toEqual([])
    log.failRate = 0
    await settle(clock, () => listener.heard.length === 6, 100)
    expect(listener.heard).toEqual(range(1, 6))
  })

  test("[D8] one who lost the right to hear a room while joining it does not go live", async () => {
    const { delivery, commit, topics } = node(8)
    await delivery.reach(room, 0)
    delivery.deliver(commit(3))
    const barred = new Listener(topics)
    const attached = delivery.attach(room, barred, 1, (cutover) => {
      barred.cutover = cutover
    })
    barred.isBarred = true
    expect(await attached).toBe("refused")
    delivery.deliver(commit(1))
    expect(barred.cutover).toBeUndefined()
    expect(barred.heard).not.toContain(4)
  })
})
