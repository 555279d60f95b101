import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { isModelOutage, LogModel, settle } from "../../../../tests/harness/log-model.ts"
import { AppError } from "../lib/app-error.ts"
import { ManualClock } from "../lib/clock.ts"
import { seededRandom } from "../lib/random.ts"
import type { LogRoom } from "./entry.ts"
import { type CommittedBatch, GroupCommit } from "./group-commit.ts"
import type { MessageDraft, Placed } from "./log-store.ts"

const author = { id: "u1", username: "ann" }
const roomOf = (n: number): LogRoom => ({ id: `room-${n}`, kind: "public", label: `room-${n}` })
const draftOf = (room: number, clientId: string): MessageDraft => ({
  room: roomOf(room),
  author,
  clientId,
  content: clientId,
})

function bench(
  seed: number,
  faults = { beforeCommit: 0, afterCommit: 0 },
  options: { queueMax?: number; giveUpMs?: number } = {},
) {
  const clock = new ManualClock()
  const random = seededRandom(seed)
  const store = new LogModel(random, faults)
  const committed: CommittedBatch[] = []
  const log = new GroupCommit({
    store,
    clock,
    random,
    isOutage: isModelOutage,
    onCommitted: (batches) => committed.push(...batches),
    ...options,
  })
  return { clock, store, committed, log }
}

describe("group commit", () => {
  test("[L1] [L2] [L3] whatever fails around a commit, drafts are stored once and acked at their seqs", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer(),
        fc.array(fc.record({ room: fc.nat(2), id: fc.nat(12), pauseMs: fc.nat(6) }), {
          minLength: 1,
          maxLength: 60,
        }),
        fc.double({ min: 0, max: 0.5, noNaN: true }),
        fc.double({ min: 0, max: 0.5, noNaN: true }),
        async (seed, sends, beforeCommit, afterCommit) => {
          const { clock, store, committed, log } = bench(
            seed,
            { beforeCommit, afterCommit },
            { giveUpMs: 1e9 },
          )
          const acks = new Map<string, Placed[]>()
          let settled = 0
          for (const { room, id, pauseMs } of sends) {
            const clientId = `c${id}`
            log.send(draftOf(room, clientId), (error, placed) => {
              expect(error).toBeUndefined()
              const key = `${room} ${clientId}`
              acks.set(key, [...(acks.get(key) ?? []), placed!])
              const frame = JSON.parse(store.rooms.get(`room-${room}`)!.frames[placed!.seq - 1]!)
              expect(frame.client_id).toBe(clientId)
              settled++
            })
            clock.step(pauseMs)
            await Promise.resolve()
          }
          await settle(clock, () => settled === sends.length && log.waiting === 0)
          const distinct = new Set(sends.map(({ room, id }) => `${room} ${id}`))
          expect(store.count).toBe(distinct.size)
          for (const places of acks.values()) expect(new Set(places.map((p) => p.seq)).size).toBe(1)
          for (const { frames } of store.rooms.values())
            expect(frames.map((f) => JSON.parse(f).seq)).toEqual(frames.map((_, i) => i + 1))
          // What was committed was told, in order, with the very bytes of the log.
          for (const [id, { frames }] of store.rooms) {
            const told = new Map<number, string>()
            for (const batch of committed.filter((b) => b.room.id === id))
              for (const [i, frame] of batch.frames.entries()) told.set(batch.firstSeq + i, frame)
            for (const batch of committed) expect(batch.messages).toBe(batch.frames.length)
            expect([...told.keys()].sort((a, b) => a - b).map((seq) => told.get(seq)!)).toEqual(frames)
          }
        },
      ),
      { numRuns: 200 },
    )
  })

  test("[L4] one sender's drafts are stored in the order of sending", async () => {
    const { clock, store, log } = bench(7, { beforeCommit: 0.3, afterCommit: 0.3 }, { giveUpMs: 1e9 })
    for (let i = 0; i < 500; i++) {
      log.send(draftOf(0, `c${i}`), () => {})
      if (i % 37 === 0) clock.step(3)
    }
    await settle(clock, () => store.count === 500)
    expect(store.rooms.get("room-0")!.frames.map((f) => JSON.parse(f).content)).toEqual(
      Array.from({ length: 500 }, (_, i) => `c${i}`),
    )
  })

  test("[L5] an idle log does not wait; a loaded one flushes at least 4 ms apart", async () => {
    const { clock, store, log } = bench(1)
    log.send(draftOf(0, "a"), () => {})
    for (let i = 0; i < 40; i++) await Promise.resolve()
    expect(store.count).toBe(1)
    log.send(draftOf(0, "b"), () => {})
    for (let i = 0; i < 40; i++) await Promise.resolve()
    expect(store.count).toBe(1)
    clock.step(4)
    for (let i = 0; i < 40; i++) await Promise.resolve()
    expect(store.count).toBe(2)
  })

  test("[L6] beyond its bound the queue refuses as unavailable; what waited too long is never acked", async () => {
    const { clock, store, log } = bench(
      3,
      { beforeCommit: 1, afterCommit: 0 },
      { queueMax: 10, giveUpMs: 1_000 },
    )
    const refused: AppError[] = []
    for (let i = 0; i < 30; i++)
      log.send(draftOf(0, `c${i}`), (error) => {
        expect(error).toBeInstanceOf(AppError)
        refused.push(error!)
      })
    expect(refused.length).toBe(20)
    await settle(clock, () => refused.length === 30)
    expect(new Set(refused.map((error) => error.code))).toEqual(new Set(["unavailable"]))
    expect(store.count).toBe(0)
    store.faults = { beforeCommit: 0, afterCommit: 0 }
    let placed: Placed | undefined
    log.send(draftOf(0, "again"), (_, place) => {
      placed = place
    })
    await settle(clock, () => placed !== undefined)
    expect(placed).toMatchObject({ seq: 1, known: false })
  })

  test("[L11] what waits behind a refused draft is refused with it: nothing overtakes what is sent again", async () => {
    const { clock, store, log } = bench(4, { beforeCommit: 1, afterCommit: 0 }, { giveUpMs: 1_000 })
    const told: string[] = []
    const send = (id: string) =>
      log.send(draftOf(0, id), (error, placed) => told.push(`${id} ${error?.code ?? placed?.seq}`))
    send("first")
    await settle(clock, () => log.isFailing)
    clock.step(900)
    // Far from its own ten seconds when the one before it is given up.
    send("second")
    await settle(clock, () => told.length > 0)
    store.faults = { beforeCommit: 0, afterCommit: 0 }
    await settle(clock, () => told.length === 2)
    expect(told).toEqual(["first unavailable", "second unavailable"])
    send("first")
    send("second")
    await settle(clock, () => told.length === 4)
    expect(told.slice(2)).toEqual(["first 1", "second 2"])
  })

  test("[L8] a refused change fails alone, and its neighbours are applied", async () => {
    const { clock, store, log } = bench(5)
    const change = (content: string, isRefused: boolean) =>
      log.change({
        roomIds: ["room-0"],
        apply: async (scope) => {
          if (isRefused) throw new AppError("forbidden")
          return scope.append(roomOf(0), author, { kind: "room", data: { name: content, topic: "" } })
        },
      })
    const outcomes = Promise.allSettled([change("a", false), change("b", true), change("c", false)])
    await settle(clock, () => store.count === 2)
    expect(
      (await outcomes).map((o) => (o.status === "fulfilled" ? o.value : (o.reason as AppError).code)),
    ).toEqual([1, "forbidden", 2])
  })
})
