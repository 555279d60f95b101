import type { Event, ResumedEvent } from "@klatch/protocol"
import { backoffMs } from "./backoff.ts"
import type { Clock } from "./clock.ts"
import { contract, isForLater } from "./contract.ts"
import type { KlatchError } from "./error.ts"
import type { FollowedRoom } from "./followed-room.ts"
import type { Following } from "./following.ts"
import type { KeptRooms } from "./kept-rooms.ts"
import { isOfLog } from "./listeners.ts"
import type { Random } from "./random.ts"
import type { Requests } from "./requests.ts"

type Call = { readonly following: Following } & NonNullable<ReturnType<Following["startResume"]>>

export interface FollowedRoomsOptions {
  readonly clock: Clock
  readonly random: Random
  readonly requests: Requests
  readonly newRoom: (ref: string) => FollowedRoom
}

/** All rooms of a client: one object a room, events to where they belong, and all back in touch after a reconnect. */
export class FollowedRooms {
  readonly #options: FollowedRoomsOptions
  readonly #byRef = new Map<string, FollowedRoom>()
  readonly #byId = new Map<string, Set<FollowedRoom>>()

  constructor(options: FollowedRoomsOptions) {
    this.#options = options
  }

  /** By slug or id, in any case; made at the first mention. */
  get(ref: string): FollowedRoom {
    const key = ref.toLowerCase()
    const known = this.#byRef.get(key) ?? this.#byId.get(key)?.values().next().value
    if (known) return known
    const room = this.#options.newRoom(key)
    this.#byRef.set(key, room)
    return room
  }

  /** A room was joined, and now has an id that its events carry. */
  joined(room: FollowedRoom, id: string): void {
    const rooms = this.#byId.get(id) ?? new Set()
    this.#byId.set(id, rooms.add(room))
  }

  /** Shows what was kept of the rooms that are open already. */
  restore(kept: KeptRooms): void {
    for (const room of this.#byRef.values()) kept.restore(room)
  }

  /** Another user is here now. */
  forget(): void {
    for (const room of this.#byRef.values()) room.forget()
  }

  /** Whether someone still follows the room with this id. */
  isFollowed(id: string): boolean {
    return [...(this.#byId.get(id) ?? [])].some((room) => room.following.isWanted)
  }

  /** Whether messages may be sent there now: a room that is followed waits until it is in touch. */
  isReady(ref: string): boolean {
    const following = this.#byRef.get(ref)?.following
    return !following?.isWanted || following.isLive
  }

  hear(event: Event): void {
    if (event.type === "room_removed")
      for (const { following } of this.#byId.get(event.room.id) ?? []) {
        const call = following.isWanted && following.startResume()
        // It may be of before we came back: the server knows.
        if (call) void this.#resume([{ following, ...call }], 0)
      }
    if (!isOfLog(event) && event.type !== "typing") return
    for (const room of this.#byId.get(event.room_id) ?? []) room.hear(event)
  }

  /** A connection is open: every followed room at once is resumed, or joined when it never was. */
  up(): void {
    const calls: Call[] = []
    for (const { following } of this.#byRef.values()) {
      // Who heard of the connection first may have opened it.
      if (!following.isWanted || following.timeline.touch !== "apart") continue
      const call = following.startResume()
      if (call) calls.push({ following, ...call })
      else void following.join()
    }
    for (let at = 0; at < calls.length; at += contract.resumeRoomsMax)
      void this.#resume(calls.slice(at, at + contract.resumeRoomsMax), 0)
  }

  down(): void {
    for (const room of this.#byRef.values()) room.down()
  }

  /** The connection does not come back by itself. */
  end(error: KlatchError): void {
    for (const room of this.#byRef.values()) room.following.end(error)
  }

  /** Resumes in one frame; when that fails for now it is asked again, when for good each room joins for itself. */
  async #resume(all: readonly Call[], attempt: number): Promise<void> {
    const calls = all.filter(({ following, turn }) => following.isCalling(turn))
    if (calls.length === 0) return
    const cursors: Record<string, number> = {}
    // Two names of one room: the one further behind says from where.
    for (const { id, cursor: asked, following } of calls) {
      // A try that failed may have brought some of it.
      const cursor = following.timeline.log.cursor ?? asked
      cursors[id] = Math.min(cursor, cursors[id] ?? cursor)
    }
    const { clock, random, requests } = this.#options
    try {
      const answer = await requests.send<ResumedEvent>({ type: "resume", rooms: cursors })
      for (const { following, turn } of calls) following.resumed(turn, answer)
    } catch (thrown) {
      const { code, retryAfterMs } = thrown as KlatchError
      if (code === "closed") return
      if (isForLater(code)) {
        clock.after(backoffMs(attempt, random, retryAfterMs), () => void this.#resume(calls, attempt + 1))
        return
      }
      for (const { following, turn } of calls) following.resumed(turn, null)
    }
  }
}
