import type { Client } from "@klatch/client"
import {
  type Act,
  type ActTarget,
  type Moderation,
  mayDo,
  moderation,
  type RoomSettings,
  roomSettings,
  type Settings,
} from "@klatch/client/moderation"
import { computed, effect, type ReadonlySignal, signal } from "@preact/signals"
import { timeUntil } from "./day.ts"
import { signalOf } from "./signal-of.ts"
import { rights } from "./words-rights.ts"

/** A timer that is longer runs out at once. */
const timerMsMax = 2_147_483_647

/** A room's settings, where one stands in it oneself, and what that comes to. Ends with `close()`. */
export class RoomDesk {
  readonly roomId: string
  readonly changes: Settings
  readonly members: Moderation
  readonly settings: ReadonlySignal<RoomSettings | null>
  /** One was in it, and is no more. */
  readonly isGone: ReadonlySignal<boolean>
  /** Why one cannot write here, in a sentence; null: one can. */
  readonly whyOff = computed(() => this.#whyOff())
  /** In slow mode: so many seconds until one may write again; 0: now. */
  readonly waitS = signal(0)
  readonly isWaiting = computed(() => this.waitS.value > 0)
  readonly #isMuted = signal(false)
  #wroteMs = 0
  #muteTimer: ReturnType<typeof setTimeout> | undefined
  #waitTimer: ReturnType<typeof setInterval> | undefined
  readonly #stops: (() => void)[] = []

  constructor(client: Client, roomId: string) {
    this.roomId = roomId
    this.changes = roomSettings(client, roomId)
    this.members = moderation(client, roomId)
    this.settings = signalOf(this.changes)
    let wasIn = false
    this.isGone = computed(() => {
      const role = this.settings.value?.role
      wasIn ||= typeof role === "string"
      return wasIn && role === null
    })
    this.#stops.push(
      effect(() => this.#watchMute(this.settings.value?.muted_until ?? null)),
      client.on("message", (event) => {
        if (event.room_id === roomId && event.user_id === client.user.get()?.id) this.wrote()
      }),
    )
    this.changes.load().catch(() => {})
  }

  /** Whether one may do this here, to that member. Nothing before the settings are known. */
  may(act: Act, target?: ActTarget): boolean {
    return this.settings.value !== null && mayDo(act, this.settings.value, target)
  }

  /** A message was written: in slow mode the next one waits. */
  wrote(): void {
    this.#wroteMs = Date.now()
    this.#waitTimer ??= setInterval(() => this.#tick(), 1_000)
    this.#tick()
  }

  close(): void {
    for (const stop of this.#stops) stop()
    clearTimeout(this.#muteTimer)
    clearInterval(this.#waitTimer)
    this.changes.close()
    this.members.close()
  }

  #whyOff(): string | null {
    const { value: now } = this.settings
    if (now === null || now.role === null) return null
    if (now.archived && now.kind !== "direct") return rights.offArchived
    if (!mayDo("post", now)) {
      const least = now.rights.post ?? "member"
      return least === "member" ? rights.offReader : rights.offLeast(least)
    }
    return this.#isMuted.value && now.muted_until !== null
      ? rights.offMuted(timeUntil(now.muted_until))
      : null
  }

  #watchMute(until: string | null): void {
    clearTimeout(this.#muteTimer)
    const leftMs = until === null ? 0 : Date.parse(until) - Date.now()
    this.#isMuted.value = leftMs > 0
    if (leftMs > 0) this.#muteTimer = setTimeout(() => this.#watchMute(until), Math.min(leftMs, timerMsMax))
  }

  #tick(): void {
    const { value: now } = this.settings
    // Whoever may remove others writes as they like.
    const slowS = now === null || mayDo("kick", now) ? 0 : now.slow_mode_s
    this.waitS.value = Math.max(0, Math.ceil((this.#wroteMs + slowS * 1_000 - Date.now()) / 1_000))
    if (this.waitS.value > 0) return
    clearInterval(this.#waitTimer)
    this.#waitTimer = undefined
  }
}
