import { crc32 } from "node:zlib"
import { Cluster, Redis } from "ioredis"
import type { RedisAddress } from "../config/redis-address.ts"
import { backoffMs } from "../lib/backoff.ts"
import type { Clock } from "../lib/clock.ts"
import type { Random } from "../lib/random.ts"
import type { Batch, Bus, BusListener } from "./bus.ts"
import { Losses } from "./losses.ts"
import { headOf, PacketWriter, readPacket, sealed, unsealed } from "./wire.ts"

export interface RedisBusOptions {
  readonly address: RedisAddress
  /** This node, as no other is called; without blanks. */
  readonly node: string
  /** What all nodes of the same database know, and nobody else: words without its proof are nobody's. */
  readonly key: Uint8Array
  readonly listener: BusListener
  readonly clock: Clock
  readonly random: Random
  /** Nodes that share a Redis hear only those of the same name. */
  readonly prefix?: string
  /** Rooms are spread over so many channels of Redis; every node must say the same. */
  readonly lines?: number
  readonly beatMs?: number
  /** Without a beat of its own for so long a node is deaf, and connects anew. */
  readonly deafMs?: number
  readonly onState?: (isUp: boolean, why: string | undefined) => void
  /** How long the way over Redis took, in ms. */
  readonly onLag?: (ms: number) => void
}

/** Packets leave at least this far apart: at load they fill, when idle nothing waits. */
const GAP_MS = 6
/** Redis does not answer: what is published from then on is dropped. */
const MUTE_MS = 1_000
const UNANSWERED_MAX_BYTES = 8 * 1024 * 1024
const CONNECT_MS = 3_000
const RETRY_BASE_MS = 50
const RETRY_MAX_MS = 1_000
const LOOK_MS = 250

/**
 * The bus over Redis' publish and subscribe. Rooms share lines, a channel of Redis each, and what is said in a few ms
 * is one packet a line: a command for many messages. Every packet is counted, so that a node notices what it missed;
 * a beat that does not come back tells of a connection that only looks alive.
 */
export class RedisBus implements Bus {
  readonly #options: Required<Omit<RedisBusOptions, "onState" | "onLag">> & RedisBusOptions
  readonly #speaker: Redis | Cluster
  readonly #ear: Redis | Cluster
  readonly #lines: readonly Line[]
  readonly #losses = new Losses()
  /** The rooms that this node listens to. */
  readonly #channels = new Set<string>()
  readonly #cancelTimers: readonly (() => void)[]
  /** When what has not been answered was said: the oldest first. */
  readonly #unanswered: { readonly atMs: number; readonly bytes: number }[] = []
  #unansweredBytes = 0
  #beatHeardMs: number
  #isHearing = false
  #isClosed = false
  #wasUp: boolean | undefined
  #why: string | undefined
  #lastSaidMs = Number.NEGATIVE_INFINITY
  #isSaying = false

  constructor(options: RedisBusOptions) {
    this.#options = { prefix: "klatch", lines: 1, beatMs: 5_000, deafMs: 15_000, ...options }
    const { clock, prefix, lines, node, beatMs } = this.#options
    this.#beatHeardMs = clock.monotonicMs()
    this.#lines = Array.from({ length: lines }, (_, i) => new Line(`${prefix}:${i}`))
    this.#speaker = this.#connect(`klatch-${node}`)
    this.#ear = this.#connect(`klatch-${node}-ear`)
    const onPacket = (channel: Buffer, packet: Buffer) => this.#onPacket(channel.toString(), packet)
    this.#ear.on(this.#isSharded ? "smessageBuffer" : "messageBuffer", onPacket)
    this.#ear.on("ready", () => void this.#listen())
    this.#ear.on("close", () => {
      this.#isHearing = false
      this.#tellState()
    })
    for (const one of [this.#speaker, this.#ear]) {
      one.on("error", (error: Error) => {
        this.#why = error.message
      })
      one.on("close", () => this.#tellState())
      one.on("ready", () => this.#tellState())
    }
    this.#cancelTimers = [clock.every(beatMs, () => this.#beat()), clock.every(LOOK_MS, () => this.#look())]
  }

  get up(): boolean {
    return !this.#isClosed && this.#isHearing && this.#speaker.status === "ready" && !this.#isMute
  }

  publish(batches: readonly Batch[]): void {
    for (const batch of batches) this.#lineOf(batch.roomId).writer.batch(batch)
    this.#saySoon()
  }

  publishPassing(channel: string, frame: string): void {
    this.#lineOf(channel).writer.passing(channel, frame)
    this.#saySoon()
  }

  nudge(): void {
    this.#lines[0]!.writer.nudge()
    this.#saySoon()
  }

  async subscribe(channel: string): Promise<void> {
    if (this.#isClosed) throw new Error("this bus was left")
    const line = this.#lineOf(channel)
    if (!this.#channels.has(channel)) line.rooms++
    this.#channels.add(channel)
    if (!this.#isHearing) throw new Error("Redis is away")
    // Whoever joins a room does not wait for a Redis that stands still: what it would have told is found by the sweep.
    const isLate = this.#waited(MUTE_MS).then(() => {
      throw new Error("Redis does not answer")
    })
    await Promise.race([this.#hear(line), isLate])
  }

  unsubscribe(channel: string): void {
    if (!this.#channels.delete(channel)) return
    const line = this.#lineOf(channel)
    line.rooms--
    // The first line tells what concerns every node.
    if (line.rooms > 0 || line === this.#lines[0] || !line.heard) return
    line.heard = undefined
    const gone = this.#isSharded ? this.#ear.sunsubscribe(line.name) : this.#ear.unsubscribe(line.name)
    gone.catch(() => {})
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return
    this.#say()
    this.#isClosed = true
    for (const cancel of this.#cancelTimers) cancel()
    if (this.#speaker.status === "ready")
      await Promise.race([this.#speaker.quit().catch(() => {}), this.#waited(MUTE_MS)])
    this.#speaker.disconnect()
    this.#ear.disconnect()
  }

  get #isSharded(): boolean {
    return this.#options.address.kind === "cluster"
  }

  /** Redis has not answered for a while. */
  get #isMute(): boolean {
    const oldest = this.#unanswered[0]
    return oldest !== undefined && this.#options.clock.monotonicMs() - oldest.atMs > MUTE_MS
  }

  #lineOf(channel: string): Line {
    const { length } = this.#lines
    return this.#lines[length === 1 ? 0 : crc32(channel) % length]!
  }

  #saySoon(): void {
    if (this.#isSaying || this.#isClosed) return
    this.#isSaying = true
    const { clock } = this.#options
    const waitMs = this.#lastSaidMs + GAP_MS - clock.monotonicMs()
    if (waitMs > 0) clock.after(waitMs, () => this.#say())
    else queueMicrotask(() => this.#say())
  }

  #say(): void {
    this.#isSaying = false
    if (this.#isClosed) return
    this.#lastSaidMs = this.#options.clock.monotonicMs()
    for (const line of this.#lines) {
      if (line.writer.isEmpty) continue
      // Also what is dropped is counted: the others then know that they missed something.
      const packet = line.writer.take(this.#options.node, ++line.count)
      if (this.up && this.#unansweredBytes < UNANSWERED_MAX_BYTES) this.#send(line.name, packet)
    }
  }

  #send(channel: string, packet: string): void {
    const said = { atMs: this.#options.clock.monotonicMs(), bytes: packet.length }
    this.#unanswered.push(said)
    this.#unansweredBytes += said.bytes
    const answered = () => {
      const at = this.#unanswered.indexOf(said)
      // What was on its way when the connection was given up is forgotten already.
      if (at < 0) return
      this.#unansweredBytes -= said.bytes
      this.#unanswered.splice(at, 1)
    }
    const words = sealed(packet, this.#options.key)
    const sent = this.#isSharded
      ? this.#speaker.spublish(channel, words)
      : this.#speaker.publish(channel, words)
    sent.then(answered, answered)
  }

  #onPacket(channel: string, bytes: Buffer): void {
    const packet = this.#isClosed ? undefined : unsealed(bytes, this.#options.key)
    const head = packet && headOf(packet)
    if (!head) return
    const { node, listener, onLag, clock } = this.#options
    if (channel === this.#beatChannel) {
      this.#beatHeardMs = clock.monotonicMs()
      onLag?.(Math.max(0, this.#beatHeardMs - head.count))
      return
    }
    if (head.node === node) return
    const isLoss = this.#losses.isAfterLoss(head, channel)
    const isWhole = readPacket(packet, (room) => this.#channels.has(room), listener)
    if (isLoss || !isWhole) listener.onDoubt()
  }

  get #beatChannel(): string {
    return `${this.#options.prefix}:beat:${this.#options.node}`
  }

  /** Says something to itself, by the way that the others' words take. */
  #beat(): void {
    if (this.#speaker.status !== "ready") return
    const packet = `${this.#options.node} ${Math.round(this.#options.clock.monotonicMs())}\n`
    this.#send(this.#beatChannel, packet)
  }

  #look(): void {
    const { clock, deafMs } = this.#options
    const isDeaf = this.#isHearing && clock.monotonicMs() - this.#beatHeardMs > deafMs
    if (isDeaf || this.#isMute) {
      this.#why = "Redis does not answer"
      this.#isHearing = false
      this.#unanswered.length = 0
      this.#unansweredBytes = 0
      for (const one of [this.#speaker, this.#ear]) one.disconnect(true)
    }
    if (this.#isHearing)
      for (const line of this.#lines)
        if (line.rooms > 0 && !line.heard)
          this.#hear(line).then(
            () => this.#options.listener.onDoubt(),
            () => {},
          )
    this.#tellState()
  }

  /** The ear is connected, maybe again: everything is subscribed to before anything counts as heard. */
  async #listen(): Promise<void> {
    for (const line of this.#lines) line.heard = undefined
    try {
      const beat = this.#isSharded
        ? this.#ear.ssubscribe(this.#beatChannel)
        : this.#ear.subscribe(this.#beatChannel)
      const wanted = this.#lines.filter((line, i) => i === 0 || line.rooms > 0)
      await Promise.all([beat, ...wanted.map((line) => this.#hear(line))])
    } catch {
      // The connection broke again, or Redis refuses: the next one tries anew.
      return this.#ear.disconnect(true)
    }
    this.#beatHeardMs = this.#options.clock.monotonicMs()
    this.#isHearing = true
    this.#why = undefined
    this.#tellState()
    this.#options.listener.onDoubt()
  }

  #hear(line: Line): Promise<unknown> {
    if (line.heard) return line.heard
    const heard = this.#isSharded ? this.#ear.ssubscribe(line.name) : this.#ear.subscribe(line.name)
    line.heard = heard
    // A cluster that is moving refuses for a while: it is asked again at the next look.
    heard.catch(() => {
      if (line.heard === heard) line.heard = undefined
    })
    return heard
  }

  #tellState(): void {
    const isUp = this.up
    if (isUp === this.#wasUp || this.#isClosed) return
    this.#wasUp = isUp
    this.#options.onState?.(isUp, isUp ? undefined : this.#why)
  }

  #waited = (ms: number) => new Promise<void>((resolve) => this.#options.clock.after(ms, resolve))

  #connect(connectionName: string): Redis | Cluster {
    const { address, random } = this.#options
    const { hosts, username, password, db } = address
    const retryStrategy = (times: number) => 20 + backoffMs(times, RETRY_BASE_MS, RETRY_MAX_MS, random)
    const base = {
      connectionName,
      ...(username && { username }),
      ...(password && { password }),
      ...(address.tls && { tls: {} }),
      connectTimeout: CONNECT_MS,
      enableOfflineQueue: false,
      autoResubscribe: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
    }
    if (address.kind === "cluster")
      return new Cluster([...hosts], {
        redisOptions: base,
        enableOfflineQueue: false,
        shardedSubscribers: true,
        clusterRetryStrategy: retryStrategy,
      })
    if (address.kind === "sentinel")
      return new Redis({
        ...base,
        ...{ sentinels: [...hosts], name: address.master ?? "", db, retryStrategy },
        sentinelRetryStrategy: retryStrategy,
        failoverDetector: true,
      })
    return new Redis({ ...base, ...hosts[0], db, retryStrategy })
  }
}

/** A channel of Redis, and what is to be said there. */
class Line {
  readonly name: string
  readonly writer = new PacketWriter()
  count = 0
  rooms = 0
  /** Resolves once this node hears it. */
  heard: Promise<unknown> | undefined

  constructor(name: string) {
    this.name = name
  }
}
