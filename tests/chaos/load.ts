import { delay, systemClock } from "../../packages/server/src/lib/clock.ts"
import { type Random, randomInt } from "../../packages/server/src/lib/random.ts"
import { readFinalLog, readHeads } from "./final-log.ts"
import type { Evidence } from "./journal.ts"
import { makeRoom } from "./make-room.ts"
import { PlainClient } from "./plain-client.ts"
import { SdkClient } from "./sdk-client.ts"

/** Whom the clients talk to. */
export interface LoadTarget {
  /** Where its nodes are, over HTTP; whoever comes back comes to any of them. */
  readonly urls: readonly string[]
  /** Of the embedded PostgreSQL behind them. */
  readonly dataDir: string
}

export interface LoadOptions {
  readonly target: LoadTarget
  readonly random: Random
  /** Messages and changes a second, of all clients together. */
  readonly perSecond: number
  readonly plainCount?: number
  readonly sdkCount?: number
  readonly roomCount?: number
  /** Plain clients that now and then stay away for seconds, long enough for a gap. */
  readonly sleeperCount?: number
  readonly sleepMs?: readonly [min: number, max: number]
}

const TICK_MS = 20
/** Each plain client loses its connection about this often. */
const CUT_EVERY_MS = 15_000
const AWAKE_MS: readonly [number, number] = [4_000, 10_000]
const ROOM_COUNT = 5
const SDK_PER_SECOND = 5
const FILLER =
  "the quick brown fox jumps over the lazy dog and over every other dog of the whole long street "

/** Clients that talk, change their words, lose their connections and come back. */
export class Load {
  readonly plain: PlainClient[]
  readonly sdk: SdkClient[]
  readonly #options: LoadOptions
  #cancelTick: () => void = () => {}
  #isOver = false

  private constructor(options: LoadOptions, rooms: readonly string[]) {
    const { target, random, plainCount = 8, sdkCount = 2, sleeperCount = 2 } = options
    this.#options = options
    const { urls } = target
    const wsUrls = urls.map((url) => url.replace("http", "ws"))
    this.plain = Array.from(
      { length: plainCount + sleeperCount },
      (_, i) => new PlainClient({ name: `plain${i}`, wsUrls, rooms: someOf(rooms, i), random }),
    )
    this.sdk = Array.from(
      { length: sdkCount },
      (_, i) =>
        new SdkClient({
          name: `sdk${i}`,
          url: urls[i % urls.length]!,
          rooms: someOf(rooms, i).slice(0, 2),
          random,
        }),
    )
  }

  /** Makes the rooms and connects everyone; resolves when all may talk. */
  static async begin(options: LoadOptions): Promise<Load> {
    const rooms: string[] = []
    const { target, roomCount = ROOM_COUNT } = options
    for (let i = 0; i < roomCount; i++) rooms.push(await makeRoom(target.urls[0]!, `room-${i}`))
    const load = new Load(options, rooms)
    for (const client of load.plain) client.connect()
    await Promise.all(load.sdk.map((client) => client.connect()))
    while (!load.plain.every((client) => client.isLive)) await delay(systemClock, 10)
    load.#talk()
    return load
  }

  get all(): readonly (PlainClient | SdkClient)[] {
    return [...this.plain, ...this.sdk]
  }

  /** Sends that were written to an open connection and are not acked. */
  get onTheWayCount(): number {
    return this.all.reduce((sum, client) => sum + (client.isLive ? client.unackedCount : 0), 0)
  }

  sum(of: "reconnects" | "replayed" | "gaps"): number {
    return this.all.reduce((sum, client) => sum + client[of], 0)
  }

  get ackCount(): number {
    const acks = this.all.flatMap((client) => client.sends).reduce((sum, send) => sum + send.acks.length, 0)
    return acks + this.plain.flatMap((client) => client.changes).reduce((sum, c) => sum + c.ackSeqs.length, 0)
  }

  /** Stops talking and waits until everyone is back and stands at the log's heads, at most `maxMs`. */
  async settle(maxMs: number): Promise<boolean> {
    this.#isOver = true
    this.#cancelTick()
    for (const client of this.plain) client.connect()
    const endMs = performance.now() + maxMs
    while (performance.now() < endMs) {
      if (this.all.every((client) => client.isLive && client.isWhole)) {
        const heads = await readHeads(this.#options.target.dataDir).catch(() => new Map<string, number>())
        const isThere = (client: PlainClient | SdkClient) =>
          client.shown().every(({ room, head }) => head === heads.get(room))
        if (heads.size > 0 && this.all.every(isThere)) return true
      }
      await delay(systemClock, 100)
    }
    return false
  }

  /** Who is not back, or not whole, and why. */
  async laggards(): Promise<string[]> {
    const heads = await readHeads(this.#options.target.dataDir).catch(() => new Map<string, number>())
    return this.all.flatMap((client) => {
      const behind = client.shown().filter(({ room, head }) => head !== heads.get(room))
      if (client.isLive && client.isWhole && behind.length === 0) return []
      const rooms = behind.map(({ room, head }) => `${room.slice(-4)} at ${head} of ${heads.get(room)}`)
      return [
        `${client.name}: live ${client.isLive}, un-acked ${client.unackedCount}, ${rooms.join(", ") || "whole"}`,
      ]
    })
  }

  /** What everyone remembers, and then what the database holds: nobody hears anything after the log was read. */
  async evidence(): Promise<Evidence> {
    const views = this.all.flatMap((client) => client.shown())
    for (const client of this.all) client.leave()
    return {
      sends: this.all.flatMap((client) => client.sends),
      changes: this.plain.flatMap((client) => client.changes),
      connections: this.all.flatMap((client) => client.connections),
      views,
      log: await readFinalLog(this.#options.target.dataDir),
    }
  }

  #talk(): void {
    const { random, perSecond, sleeperCount = 2, sleepMs = [9_000, 14_000] } = this.#options
    const plainPerSecond = Math.max(0, perSecond - this.sdk.length * SDK_PER_SECOND) / this.plain.length
    const owed = new Map<PlainClient | SdkClient, number>()
    let lastMs = performance.now()
    this.#cancelTick = systemClock.every(TICK_MS, () => {
      const nowMs = performance.now()
      const seconds = Math.min(0.2, (nowMs - lastMs) / 1_000)
      lastMs = nowMs
      for (const client of this.all) {
        const rate = client instanceof SdkClient ? SDK_PER_SECOND : plainPerSecond
        let count = (owed.get(client) ?? random.float()) + rate * seconds
        for (; count >= 1; count--) this.#act(client)
        owed.set(client, count)
        if (client instanceof PlainClient && random.float() < (seconds * 1_000) / CUT_EVERY_MS) client.cut()
      }
    })
    for (const client of this.plain.slice(0, sleeperCount)) void this.#sleepNowAndThen(client, sleepMs)
  }

  #act(client: PlainClient | SdkClient): void {
    const { random } = this.#options
    if (client instanceof PlainClient) {
      const dice = random.float()
      if (dice < 0.05) return void client.change("edit")
      if (dice < 0.07) return void client.change("delete")
      if (dice < 0.09) return void client.repeat()
    }
    const filler = FILLER.slice(0, randomInt(random, FILLER.length)).trim()
    const rooms =
      client instanceof PlainClient ? [...client.views.keys()] : client.shown().map(({ room }) => room)
    // The first room is the busy one.
    const room = random.float() < 0.4 ? rooms[0] : rooms[randomInt(random, rooms.length)]
    client.send(room!, filler)
  }

  async #sleepNowAndThen(client: PlainClient, sleepMs: readonly [number, number]): Promise<void> {
    const between = ([min, max]: readonly [number, number]) =>
      min + this.#options.random.float() * (max - min)
    while (!this.#isOver) {
      await delay(systemClock, between(AWAKE_MS))
      if (this.#isOver) return
      client.leave()
      await delay(systemClock, between(sleepMs))
      if (!this.#isOver) client.connect()
    }
  }
}

/** The busy room, and two others. */
const someOf = (rooms: readonly string[], i: number): string[] => [
  rooms[0]!,
  ...new Set([rooms[1 + (i % (rooms.length - 1))]!, rooms[1 + ((i + 1) % (rooms.length - 1))]!]),
]
