import type { Random } from "../../packages/server/src/lib/random.ts"
import { encodeEntry, type LogRoom } from "../../packages/server/src/log/entry.ts"
import type {
  Change,
  Changed,
  ChangeScope,
  LogStore,
  MessageDraft,
  Placed,
} from "../../packages/server/src/log/log-store.ts"

/** What a database does to a caller when it is not well. */
export class ModelOutage extends Error {
  override name = "ModelOutage"
}
export const isModelOutage = (error: unknown): boolean => error instanceof ModelOutage

type Faults = { beforeCommit: number; afterCommit: number }

/** The log's store in memory: transactions of one node at a time, failing before or after commit as told. */
export class LogModel implements LogStore {
  readonly rooms = new Map<string, { room: LogRoom; frames: string[] }>()
  readonly #placed = new Map<string, Placed>()
  readonly #random: Random
  faults: Faults
  /** Stored entries in all. */
  count = 0

  constructor(random: Random, faults: Faults = { beforeCommit: 0, afterCommit: 0 }) {
    this.#random = random
    this.faults = faults
  }

  head(roomId: string): number {
    return this.rooms.get(roomId)?.frames.length ?? 0
  }

  async appendMessages(drafts: readonly MessageDraft[], at: string): Promise<(Placed | undefined)[]> {
    await this.#latency()
    if (this.#random.float() < this.faults.beforeCommit) throw new ModelOutage("before commit")
    const placed = drafts.map((draft) => {
      const key = `${draft.room.id} ${draft.author.id} ${draft.clientId}`
      const known = this.#placed.get(key)
      if (known) return { ...known, known: true }
      const { room, author, ...body } = draft
      const seq = this.head(room.id) + 1
      this.#append(room, encodeEntry(room, { kind: "message", seq, author, at, ...body }))
      this.#placed.set(key, { seq, at, known: false })
      return { seq, at, known: false }
    })
    await this.#latency()
    if (this.#random.float() < this.faults.afterCommit) throw new ModelOutage("after commit")
    return placed
  }

  async applyChanges(changes: readonly Change<unknown>[], at: string): Promise<Changed[]> {
    await this.#latency()
    if (this.#random.float() < this.faults.beforeCommit) throw new ModelOutage("before commit")
    const heads = new Map<string, number>()
    const outcomes: Changed[] = []
    for (const change of changes) {
      const entries: Changed["entries"][number][] = []
      const scope: ChangeScope = {
        at,
        query: () => Promise.reject(new Error("the model has no SQL")),
        head: (id) => heads.get(id) ?? this.head(id),
        created: () => {},
        append(room, author, body) {
          const seq = (scope.head(room.id) ?? 0) + 1
          heads.set(room.id, seq)
          entries.push({ room, entry: { seq, author, at, ...body } })
          return seq
        },
      }
      outcomes.push({ result: await change.apply(scope), entries })
    }
    for (const { entries } of outcomes)
      for (const { room, entry } of entries) this.#append(room, encodeEntry(room, entry))
    if (this.#random.float() < this.faults.afterCommit) throw new ModelOutage("after commit")
    return outcomes
  }

  #append(room: LogRoom, frame: string): void {
    const log = this.rooms.get(room.id) ?? { room, frames: [] }
    log.frames.push(frame)
    this.rooms.set(room.id, log)
    this.count++
  }

  async #latency(): Promise<void> {
    for (let i = Math.floor(this.#random.float() * 5); i > 0; i--) await Promise.resolve()
  }
}

/** Steps a manual clock and lets promises run until `holds`. Throws when it never does. */
export async function settle(
  clock: { step(ms: number): void },
  holds: () => boolean,
  stepMs = 5,
): Promise<void> {
  for (let i = 0; i < 20_000; i++) {
    for (let turn = 0; turn < 30; turn++) await Promise.resolve()
    if (holds()) return
    clock.step(stepMs)
  }
  throw new Error("the system never settled")
}
