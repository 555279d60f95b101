import type { User } from "@klatch/protocol"
import { systemUser } from "../../auth/api-keys.ts"
import type { Revocations } from "../../auth/revocations.ts"
import type { Users } from "../../auth/users.ts"
import type { Database } from "../../db/sql.ts"
import { AppError } from "../../lib/app-error.ts"
import { type Clock, delay } from "../../lib/clock.ts"
import { FIRST_ID } from "../../lib/first-id.ts"
import type { GroupCommit } from "../../log/group-commit.ts"
import { endMembership, type RoomInfo } from "../members/members.ts"
import type { RoomDirectory } from "../rooms/room-directory.ts"
import {
  type Deletion,
  dropInboxPage,
  emptyMessages,
  finishDeletion,
  moveDeletionOn,
  otherInDirectRoom,
  renameInInboxOf,
  renameRoomOf,
  takeOut,
  unfinishedAfter,
  writtenIn,
} from "./deletion.sql.ts"
import { exportedAt, roomsWith } from "./export.sql.ts"

export interface DeletionsOptions {
  readonly db: Database
  readonly clock: Clock
  readonly log: GroupCommit
  readonly directory: RoomDirectory
  readonly users: Users
  readonly revocations: Revocations
  /** Nothing of them is told in this room any more: what is kept of it in memory still names them. */
  readonly onLeft: (roomId: string) => void
  /** All of someone's messages are gone, and their memberships. */
  readonly onFinished: (userId: string) => void
  readonly onFailure: (error: unknown) => void
}

/** An export counts as recent for so long. */
const exportMs = 24 * 3_600_000
/** Messages taken out in one change, and the pause after it: their room has others who write. */
const messagesMax = 100
const pauseMs = 20
const roomsMax = 1_000
/** What was on its way when someone was deleted has come by then: rooms are gone through once more. */
const secondRoundMs = 10_000
const roundsMax = 2

/**
 * Takes people out: at once who they are and all they came in by, then what they wrote, room by room through each
 * room's log. Where it stands is in the database, so that a crash only interrupts it; what is done twice is done once.
 */
export class Deletions implements Disposable {
  readonly #options: DeletionsOptions
  #isOver = false
  #run: Promise<void> | undefined
  #cancelNext: (() => void) | undefined

  constructor(options: DeletionsOptions) {
    this.#options = options
  }

  /**
   * Deletes someone; answers how they are shown from now on. What they wrote follows. Rejects with `conflict` when
   * their data were not handed out in the last day and their name was not given in confirmation.
   */
  async begin(user: User, confirmedName: string | undefined): Promise<User> {
    const { db, clock, users, revocations } = this.#options
    if (user.id === systemUser.id) throw new AppError("forbidden", "The system is nobody's to delete.")
    const lastMs = (await exportedAt(db, user.id))?.getTime() ?? Number.NEGATIVE_INFINITY
    if (confirmedName !== user.username && lastMs < clock.now() - exportMs)
      throw new AppError("conflict", "Export first, or say ?confirm= and their name: nothing comes back.")
    const username = `deleted-${user.id.slice(-12)}`
    const shown = { id: user.id, username, display_name: "Deleted user" }
    const at = new Date(clock.now()).toISOString()
    const row = { id: user.id, username, displayName: shown.display_name }
    if (!(await db.transaction("read", (tx) => takeOut(tx, row, at))))
      throw new AppError("not_found", "There is no such user.")
    users.forget(user.username)
    users.changed(shown)
    revocations.tell({ userId: user.id, why: "banned" })
    this.wake()
    return shown
  }

  /** Goes on with what is not finished. At the start of a node, and when there is something new. */
  wake(): void {
    if (this.#isOver) return
    this.#run = (this.#run ?? Promise.resolve()).then(() => this.#goOn(false))
  }

  /** Resolves when nothing is being done; what waits for its second round does not count. */
  async idle(): Promise<void> {
    await this.#run
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    this.#cancelNext?.()
  }

  /** Every unfinished one once; second rounds only when their time has come. */
  async #goOn(isTimeForSecond: boolean): Promise<void> {
    const { db, clock, onFailure } = this.#options
    let isAnyLeft = false
    try {
      let afterId = FIRST_ID
      while (!this.#isOver) {
        const next = await unfinishedAfter(db, afterId)
        if (!next) break
        afterId = next.user_id
        if (next.rounds === 0 || isTimeForSecond) isAnyLeft = !(await this.#goThrough(next)) || isAnyLeft
        else isAnyLeft = true
      }
    } catch (error) {
      if (!this.#isOver) onFailure(error)
      isAnyLeft = true
    }
    if (!isAnyLeft || this.#isOver) return
    this.#cancelNext?.()
    this.#cancelNext = clock.after(secondRoundMs, () => {
      this.#run = (this.#run ?? Promise.resolve()).then(() => this.#goOn(true))
    })
  }

  /** All rooms of one deletion; answers whether it is finished. */
  async #goThrough({ user_id, username, room_cursor, rounds }: Deletion): Promise<boolean> {
    const { db, clock, onFinished } = this.#options
    const user = { id: user_id, username, display_name: username }
    let cursor: string | undefined = room_cursor
    while (cursor !== undefined) {
      const page: Awaited<ReturnType<typeof roomsWith>> = await roomsWith(db, user_id, cursor, roomsMax)
      for (const id of page.ids) {
        await this.#leaveRoom(user, id)
        if (this.#isOver) return false
        await moveDeletionOn(db, user_id, id, rounds)
      }
      cursor = page.lastId
    }
    if (rounds + 1 < roundsMax) {
      await moveDeletionOn(db, user_id, FIRST_ID, rounds + 1)
      return false
    }
    while ((await dropInboxPage(db, user_id, messagesMax * 10)) > 0) if (this.#isOver) return false
    await finishDeletion(db, user_id, new Date(clock.now()).toISOString())
    onFinished(user_id)
    return true
  }

  async #leaveRoom(user: User, roomId: string): Promise<void> {
    const { db, clock, log, directory, onLeft } = this.#options
    const room = await directory.find(roomId)
    let last: string | undefined = ""
    while (last !== undefined && !this.#isOver) {
      const rows: Awaited<ReturnType<typeof writtenIn>> = await writtenIn(
        db,
        roomId,
        user.id,
        last,
        messagesMax,
      )
      const seqs = rows.filter((row) => row.is_left).map((row) => row.seq)
      last = rows.length < messagesMax ? undefined : rows.at(-1)?.client_id
      if (seqs.length === 0) continue
      // A deleted room's log is told to nobody, and takes no entries.
      if (!room) await emptyMessages(db, roomId, seqs, new Date(clock.now()).toISOString())
      else await log.change({ roomIds: [roomId], apply: (scope) => this.#empty(scope, room, user, seqs) })
      if (last !== undefined) await delay(clock, pauseMs)
    }
    if (room && !this.#isOver) await this.#endMembership(user, room)
    onLeft(roomId)
  }

  async #empty(
    scope: Parameters<Parameters<GroupCommit["change"]>[0]["apply"]>[0],
    room: RoomInfo,
    user: User,
    seqs: readonly number[],
  ): Promise<void> {
    const emptied = await emptyMessages(scope, room.id, seqs, scope.at)
    if (scope.head(room.id) === undefined) return
    for (const target of emptied) scope.append(room, user, { kind: "delete", target })
  }

  /** A room of two is named by both: it gets a name without theirs. */
  async #endMembership(user: User, room: RoomInfo): Promise<void> {
    const { db, log, directory } = this.#options
    const other = room.kind === "direct" ? await otherInDirectRoom(db, room.id, user.id) : undefined
    await log.change({
      roomIds: [room.id],
      inboxIds: [user.id, ...(other ? [other.id] : [])],
      apply: async (scope) => {
        if (scope.head(room.id) === undefined) return
        if (!(await endMembership(scope, room, user)) || room.kind !== "direct") return
        const name = [user.username, ...(other ? [other.username] : [])].sort().join(",")
        const data = await renameRoomOf(scope, room.id, name)
        if (!data) return
        scope.append({ ...room, label: name }, user, { kind: "room", data })
        if (other) await renameInInboxOf(scope, other.id, room.id, name)
      },
    })
    if (room.kind === "direct") directory.forget(room)
  }
}
