import { type ChangeEvent, changeIn, type LogRoom } from "../../log/entry.ts"
import type { Recent } from "../../log/recent.ts"
import type { Members } from "../members/members.ts"
import type { RoomDirectory } from "./room-directory.ts"

/**
 * What this node keeps of rooms in memory, and when it holds no more. It is told of entries twice: when it hears of
 * them, from wherever they come, and when they were delivered here, in order; what was never heard of is found by then.
 */
export class RoomMemory {
  readonly #recent: Recent
  readonly #members: Members
  readonly #directory: RoomDirectory

  constructor(parts: {
    readonly recent: Recent
    readonly members: Members
    readonly directory: RoomDirectory
  }) {
    this.#recent = parts.recent
    this.#members = parts.members
    this.#directory = parts.directory
  }

  /** Entries were committed, here or elsewhere. */
  heard(roomId: string, frames: readonly string[]): void {
    for (const frame of frames) {
      const change = changeIn(frame)
      if (!change) continue
      if (standingTypes.has(change.type)) this.#members.forget(roomId, [change.user_id])
      if (change.type === "room") this.#directory.forgetId(roomId)
    }
  }

  /** Entries `firstSeq`.. were delivered to listeners here. */
  delivered(room: LogRoom, firstSeq: number, frames: readonly string[]): void {
    // An inbox is one reader's: keeping it in memory would cost every user more than it saves.
    if (room.kind === "inbox") return
    const changes = frames.map(changeIn)
    this.#recent.add(
      room.id,
      firstSeq,
      frames,
      changes.some((change) => change === undefined),
    )
    // Frames from before a change may hold the words it took back, also those of earlier edits.
    if (changes.some((change) => change && takesBack.has(change.type)))
      this.#recent.forgetThrough(room.id, firstSeq + frames.length - 1)
  }

  /** What happens in this room is not heard of any more, so nothing that is known of it stays true. */
  closed(roomId: string): void {
    this.#recent.forgetThrough(roomId, Number.MAX_SAFE_INTEGER)
  }

  /** Entries up to `seq` are gone from the log. */
  retired(roomId: string, seq: number): void {
    this.#recent.forgetThrough(roomId, seq)
  }

  /** Anything may have changed. */
  clear(): void {
    this.#recent.clear()
    this.#members.forgetAll()
    this.#directory.clear()
  }
}

const standingTypes: ReadonlySet<ChangeEvent["type"]> = new Set(["join", "leave", "member"])
const takesBack: ReadonlySet<ChangeEvent["type"]> = new Set(["edit", "delete"])
