import type { Clock } from "./clock.ts"

/** After a probe, something must be heard within this time. */
const probeMs = 5_000

/**
 * Keeps a connection known to be alive: pings when nothing was sent or nothing heard for one period, and calls
 * `onSilent` once when nothing was heard for two. A machine that slept finds out at its first tick.
 */
export class Heartbeat {
  readonly #clock: Clock
  readonly #ping: () => void
  readonly #onSilent: () => void
  #periodMs = 0
  #sentMs = 0
  #heardMs = 0
  #pingMs = 0
  #cancelTick: () => void = () => {}
  #cancelProbe: () => void = () => {}

  constructor(clock: Clock, ping: () => void, onSilent: () => void) {
    this.#clock = clock
    this.#ping = ping
    this.#onSilent = onSilent
  }

  start(periodMs: number): void {
    this.stop()
    this.#periodMs = Math.max(1, periodMs)
    this.#sentMs = this.#heardMs = this.#pingMs = this.#clock.monotonicMs()
    this.#arm()
  }

  stop(): void {
    this.#cancelTick()
    this.#cancelProbe()
    this.#periodMs = 0
  }

  sent(): void {
    this.#sentMs = this.#clock.monotonicMs()
  }

  heard(): void {
    this.#heardMs = this.#clock.monotonicMs()
    this.#cancelProbe()
  }

  /** Asks at once whether the other side is still there. */
  probe(): void {
    if (this.#periodMs === 0) return
    this.#cancelProbe()
    this.#cancelProbe = this.#clock.after(probeMs, () => this.#die())
    this.#beat()
  }

  #beat(): void {
    this.#pingMs = this.#clock.monotonicMs()
    this.#ping()
  }

  #arm(): void {
    const atMs = Math.min(this.#nextPingMs(), this.#heardMs + 2 * this.#periodMs)
    this.#cancelTick = this.#clock.after(Math.max(1, atMs - this.#clock.monotonicMs()), () => this.#tick())
  }

  #tick(): void {
    const nowMs = this.#clock.monotonicMs()
    if (nowMs >= this.#heardMs + 2 * this.#periodMs) {
      this.#die()
      return
    }
    if (nowMs >= this.#nextPingMs()) this.#beat()
    // The ping may have found the connection gone.
    if (this.#periodMs > 0) this.#arm()
  }

  #die(): void {
    this.stop()
    this.#onSilent()
  }

  #nextPingMs(): number {
    return Math.max(this.#pingMs, Math.min(this.#sentMs, this.#heardMs)) + this.#periodMs
  }
}
