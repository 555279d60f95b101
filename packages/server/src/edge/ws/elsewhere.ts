import type { Revocations } from "../../auth/revocations.ts"
import type { Users } from "../../auth/users.ts"
import { inboxOf } from "../../chat/members/members.ts"
import type { RoomMemory } from "../../chat/rooms/room-memory.ts"
import type { Word, WordKind } from "../../cluster/words.ts"
import { delay } from "../../lib/clock.ts"
import { Lru } from "../../lib/lru.ts"
import type { CatchUp } from "../../log/catch-up.ts"
import type { CommittedBatch } from "../../log/group-commit.ts"
import type { Gateway } from "./gateway.ts"
import type { Services } from "./services.ts"

export interface ElsewhereOptions {
  readonly services: Pick<Services, "directory" | "members" | "delivery" | "clock">
  readonly users: Users
  readonly revocations: Revocations
  readonly memory: RoomMemory
  readonly catchUp: Pick<CatchUp, "following">
  readonly gateway: Gateway
  readonly onFailure: (error: unknown) => void
}

/** So many places in inboxes are known to have been told here; a word comes a second later. */
const TOLD_MAX = 10_000
const RETRY_MS = 250
const TRIES_MAX = 5
/** Where everyone stands in a room that is gone. */
const nobody = { role: null, head: 0 }

/** What other nodes did, as far as it concerns this node's connections and memory. */
export class Elsewhere {
  readonly #options: ElsewhereOptions
  readonly #turns = new Map<string, Promise<void>>()
  readonly #told = new Lru<string, true>(TOLD_MAX)

  constructor(options: ElsewhereOptions) {
    this.#options = options
  }

  /** Entries of an inbox that were committed here: told at once, and not again when their word comes. */
  onInbox(batch: CommittedBatch): void {
    for (let { firstSeq: seq } = batch; seq <= batch.lastSeq; seq++)
      this.#told.set(`${batch.room.id} ${seq}`, true)
    this.#options.gateway.onInbox(batch.room, batch.frames)
  }

  /** Own words too, since what was committed may not have been told here. */
  onWord(word: Word): void {
    this.#acts[word.kind](word)
  }

  /** What each word does: total, so that one without an answer is a type error. */
  readonly #acts: { readonly [K in WordKind]: (word: Word) => void } = {
    inbox: ({ subject, seq }) => this.#onInboxWordInTurn(subject, seq ?? 0),
    user_changed: ({ subject }) => this.#options.users.changedId(subject),
    user_deleted: (word) => {
      this.#options.memory.clear()
      this.#end(word, "banned")
    },
    user_banned: (word) => this.#end(word, "banned"),
    user_signed_out: (word) => this.#end(word, "signed_out"),
    sign_in_ended: ({ subject: userId, family }) =>
      this.#options.revocations.tell({ userId, familyId: family, why: "signed_out" }, true),
    room_made: ({ subject }) => void this.#onMade(subject).catch(this.#options.onFailure),
    room_changed: ({ subject }) => this.#options.services.directory.forgetId(subject),
    room_retired: ({ subject, seq }) => this.#options.memory.retired(subject, seq ?? 0),
  }

  /** Words were missed: nothing known from before counts, and whoever is here comes anew. */
  onLost(): void {
    const { users, revocations, memory, gateway } = this.#options
    memory.clear()
    users.forgetAll()
    revocations.doubt()
    gateway.closeAll("restarting")
  }

  /**
   * All of a user's tokens are over. Sign-ins have words of their own, so that one that began since goes on. What was
   * told here is not told again: whoever came back since would go with those who were meant.
   */
  #end({ subject: userId, isOwn }: Word, why: "banned" | "signed_out"): void {
    const { users, revocations } = this.#options
    users.changedId(userId)
    if (isOwn && revocations.wasTold(userId)) return
    revocations.tell({ userId, familyId: why === "banned" ? undefined : null, why }, true)
  }

  /** Words of one inbox one after the other: each is told by what is so when its turn comes. */
  #onInboxWordInTurn(userId: string, seq: number): void {
    const { gateway, onFailure } = this.#options
    if (!gateway.hasUser(userId)) return
    const turn = (this.#turns.get(userId) ?? Promise.resolve())
      .then(() => this.#onInboxWord(userId, seq))
      .catch(onFailure)
      .finally(() => {
        if (this.#turns.get(userId) === turn) this.#turns.delete(userId)
      })
    this.#turns.set(userId, turn)
  }

  async #onMade(roomId: string): Promise<void> {
    const { services, gateway } = this.#options
    const room = await services.directory.find(roomId)
    if (room) gateway.onMade(room)
  }

  /** An entry of someone's inbox: told to their connections here if it is still so, for later ones may be known. */
  async #onInboxWord(userId: string, seq: number): Promise<void> {
    const { gateway, catchUp, services } = this.#options
    const key = `${userId} ${seq}`
    let tries = 0
    while (gateway.hasUser(userId) && this.#told.get(key) === undefined) {
      try {
        const inbox = inboxOf({ id: userId })
        const [frame] = (await catchUp.following(inbox, seq - 1, 1)).frames
        if (frame === undefined) return
        const { type, room: told } = JSON.parse(frame) as { type: string; room: { id: string } }
        const room = await services.directory.find(told.id)
        const { role, head = 0 } = room ? await services.members.standing(room, userId) : nobody
        if (this.#told.get(key) !== undefined || (role !== null) !== (type === "room_added")) return
        if (room) await services.delivery.reach(room, head)
        // They may have come back with what came since: it is asked again, a few times in a room where much is said.
        const isNewer = room !== undefined && (services.delivery.standsAt(room.id) ?? 0) > head
        if (isNewer && ++tries < TRIES_MAX) continue
        this.#told.set(key, true)
        // Then the room's own log, which is heard in order here, has ended what was to end.
        return gateway.onInbox(inbox, [frame], isNewer ? null : room && head)
      } catch (error) {
        this.#options.onFailure(error)
        await delay(services.clock, RETRY_MS)
      }
    }
  }
}
