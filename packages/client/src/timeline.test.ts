import { describe, expect, test } from "bun:test"
import type { DurableEvent, MessageEvent } from "@klatch/protocol"
import { MemoryRoom, seeded } from "@klatch/testing"
import fc from "fast-check"
import { aheadMax, changesMax, messagesMax } from "./log.ts"
import type { TimelineMessage } from "./message.ts"
import type { Room } from "./room.ts"
import { scene } from "./testing/scene.ts"
import { emptyTimeline, need, reduce, shown, type Timeline, type TimelineInput } from "./timeline.ts"

const bob = { id: "00000000-0000-7000-8000-0000000000bb", username: "bob", display_name: "Bob" }
const selfId = "00000000-0000-7000-8000-0000000000aa"

const run = (inputs: readonly TimelineInput[], from: Timeline = emptyTimeline) => inputs.reduce(reduce, from)
const event = (one: DurableEvent): TimelineInput => ({ type: "event", event: one, selfId })

/** A room with some history, and a timeline that shows it. */
function opened(count: number, limit = 50) {
  const room = new MemoryRoom("00000000-0000-7000-8000-000000000001", "general")
  for (let n = 1; n <= count; n++) room.post(bob, `${n}`)
  const timeline = run([
    { type: "called" },
    { type: "synced", head: room.head, hasGap: false },
    { type: "page", page: room.history(limit), selfId },
  ])
  return { room, timeline }
}

const plain = (messages: readonly TimelineMessage[]) =>
  messages.map(({ delivery: _delivery, error: _error, ...message }) => message)
const wanted = (messages: readonly MessageEvent[]) => messages.map(({ type: _type, ...message }) => message)

describe("events", () => {
  test("[K13] in any order and number they leave the log as the server has it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1 }), (seed) => {
        const chance = seeded(seed)
        const { room, timeline } = opened(5)
        const from = room.head
        for (let n = 0; n < 30; n++) change(room, chance)
        const tail = room.entries.slice(from)
        const inputs = [...tail, ...tail.filter(() => chance() < 0.3)]
          .map((one) => ({ one, at: chance() }))
          .sort((a, b) => a.at - b.at)
          .map(({ one }) => event(one))
        let state = timeline
        for (const input of inputs) {
          state = reduce(state, input)
          expectOrdered(shown(state).messages)
        }
        expect(plain(shown(state).messages)).toEqual(wanted(room.current) as never)
        expect(shown(state)).toMatchObject({ status: "ready", head: room.head })
      }),
      { numRuns: 500 },
    )
  })

  test("[K13] nothing past a hole is shown; the hole is told; closing it shows all", () => {
    const { room, timeline } = opened(1)
    const [a, b, c] = ["a", "b", "c"].map((text) => room.post(bob, text).event as MessageEvent)
    const holed = run([event(b!), event(c!)], timeline)
    expect(shown(holed)).toMatchObject({ status: "stale", head: 1 })
    expect(need(holed)).toBe("repair")
    const whole = reduce(holed, event(a!))
    expect(shown(whole).messages.map((message) => message.content)).toEqual(["1", "a", "b", "c"])
    expect(need(whole)).toBe(null)
  })

  test("[K13] what is held ahead of a hole is bounded, and what was let go is known to be missing", () => {
    const { room, timeline } = opened(1)
    for (let n = 0; n < aheadMax + 10; n++) room.post(bob, "x")
    const inputs = room.entries.slice(2).map(event)
    const holed = run(inputs, timeline)
    expect(holed.log.ahead.length).toBe(aheadMax)
    const filled = reduce(holed, event(room.entries[1]!))
    expect(filled.log.cursor).toBe(2 + aheadMax)
    expect(need(filled)).toBe("repair")
    expect(need(run(room.replay(2 + aheadMax).map(event), filled))).toBe(null)
  })

  test("[K13] what was held ahead is let go with the connection: it may be of a log that is no more", () => {
    const { room, timeline } = opened(1)
    room.post(bob, "lost")
    const held = reduce(timeline, event(room.post(bob, "of the old log").event as MessageEvent))
    room.restore(1)
    const resumed = run(
      [{ type: "cut" }, { type: "called" }, { type: "synced", head: 1, hasGap: false }],
      held,
    )
    room.post(bob, "new")
    const state = run(room.replay(1).map(event), resumed)
    expect(shown(state)).toMatchObject({ status: "ready", head: 2 })
    expect(plain(shown(state).messages)).toEqual(wanted(room.current) as never)
  })

  test("[K13] an event seen before changes nothing, and messages that did not change stay the same objects", () => {
    const { room, timeline } = opened(3)
    expect(reduce(timeline, event(room.entries[1]!))).toBe(timeline)
    const before = shown(timeline).messages
    const after = shown(reduce(timeline, event(room.edit(bob, 2, "two")!))).messages
    expect([after[0] === before[0], after[1] === before[1], after[2] === before[2]]).toEqual([
      true,
      false,
      true,
    ])
    const paged = reduce(timeline, { type: "page", page: room.history(50), selfId })
    expect(shown(paged).messages[0]).toBe(before[0])
  })

  test("[K13] the oldest messages are let go past the bound and can be paged again", () => {
    const { room, timeline } = opened(1)
    for (let n = 0; n < messagesMax + 505; n++) room.post(bob, "x")
    const state = run(room.replay(1).map(event), timeline)
    expect(shown(state).messages.length).toBeWithin(messagesMax, messagesMax + 501)
    expect(shown(state)).toMatchObject({ status: "ready", hasOlder: true })
    expectOrdered(shown(state).messages)
  })
})

describe("pages", () => {
  test("[K13] an older page is shown as of the cursor, whether it was read before or after the newest events", () => {
    const { room, timeline } = opened(20, 10)
    const early = room.history(10, 11)
    const editOf = room.edit(bob, 3, "three")!
    const deleteOf = room.delete(bob, 4)!
    const late = room.history(10, 11)
    const at = { id: 11, epoch: 1 }
    const older = (page: typeof early): TimelineInput => ({ type: "older", page, at, selfId })
    const readBefore = run([event(editOf), event(deleteOf), older(early)], timeline)
    expect(plain(shown(readBefore).messages)).toEqual(wanted(room.current) as never)
    // Read after the delete, shown before the edit came: the edit must not bring the content back.
    const ahead = reduce(timeline, older(late))
    const readAfter = run([event(editOf)], ahead)
    expect(shown(readAfter).messages[2]).toBe(shown(ahead).messages[2]!)
    expect(plain(shown(reduce(readAfter, event(deleteOf))).messages)).toEqual(wanted(room.current) as never)
  })

  test("[K13] an older page that changes we no longer keep would not bring up to date is not used", () => {
    const { room, timeline } = opened(20, 10)
    const early = room.history(10, 11)
    let state = timeline
    for (let n = 0; n <= changesMax; n++) state = reduce(state, event(room.edit(bob, 3, `${n}`)!))
    expect(reduce(state, { type: "older", page: early, at: { id: 11, epoch: 1 }, selfId })).toBe(state)
    const fresh = room.history(10, 11)
    const loaded = reduce(state, { type: "older", page: fresh, at: { id: 11, epoch: 1 }, selfId })
    expect(plain(shown(loaded).messages)).toEqual(wanted(room.current) as never)
  })

  test("[K13] an older page asked for before the timeline began anew is not used", () => {
    const { room, timeline } = opened(200, 10)
    const page = room.history(10, 191)
    for (let n = 0; n < 50; n++) room.post(bob, "x")
    const anew = run(
      [
        { type: "cut" },
        { type: "called" },
        { type: "synced", head: room.head, hasGap: true },
        { type: "page", page: room.history(10), selfId },
      ],
      timeline,
    )
    expect(reduce(anew, { type: "older", page, at: { id: 191, epoch: 1 }, selfId })).toBe(anew)
  })
})

describe("a window", () => {
  test("[K21] far back the newest are let go, what is said meanwhile is not shown, and all can be paged again", () => {
    const { room, timeline } = windowed(60, 20)
    let state = timeline
    while (shown(state).hasOlder) state = page(state, room, "older")
    expect(contentsOf(state)).toEqual(Array.from({ length: 20 }, (_, n) => `${n + 1}`))
    expect(shown(state)).toMatchObject({ status: "ready", hasNewer: true, hasOlder: false })
    state = run(
      [event(room.post(bob, "meanwhile").event as MessageEvent), event(room.edit(bob, 60, "x")!)],
      state,
    )
    expect(contentsOf(state)).toEqual(Array.from({ length: 20 }, (_, n) => `${n + 1}`))
    while (shown(state).hasNewer) state = page(state, room, "newer")
    expect(plain(shown(state).messages)).toEqual(wanted(room.current.slice(-20)) as never)
    state = reduce(state, event(room.post(bob, "live again").event as MessageEvent))
    expect(contentsOf(state).at(-1)).toBe("live again")
  })

  test("[K21] whatever is paged, whenever it comes: ordered, whole, bounded, in the state of the log", () => {
    fc.assert(fc.property(fc.integer({ min: 1 }), scrolled), { numRuns: 1_000, examples: [[1724604872]] })
  })
})

const contentsOf = (timeline: Timeline) => shown(timeline).messages.map((message) => message.content)

function windowed(count: number, max: number) {
  const { room, timeline } = opened(count, 10)
  return { room, timeline: { ...timeline, log: { ...timeline.log, max } } }
}

/** The inputs of a page that is read now; what comes of it may come later. */
function asked(timeline: Timeline, room: MemoryRoom, side: "older" | "newer"): TimelineInput | null {
  const { messages, epoch } = timeline.log
  const id = (side === "older" ? messages[0] : messages.at(-1))?.message_id
  if (typeof id !== "number") return null
  const read = side === "older" ? room.history(7, id) : room.history(7, undefined, id)
  return { type: side, page: read, at: { id, epoch }, selfId }
}

function page(timeline: Timeline, room: MemoryRoom, side: "older" | "newer"): Timeline {
  const input = asked(timeline, room, side)
  return input ? reduce(timeline, input) : timeline
}

function scrolled(seed: number): void {
  const chance = seeded(seed)
  const { room, timeline } = windowed(Math.floor(chance() * 80), 10 + Math.floor(chance() * 20))
  let state = timeline
  let late: TimelineInput[] = []
  const slack = 500
  const versions = new Versions(room)
  for (let step = 0; step < 60; step++) {
    const what = chance()
    if (what < 0.34) late.push(event(change(room, chance)))
    else if (what < 0.342) for (let n = 0; n < changesMax + 9; n++) late.push(event(change(room, chance)))
    else if (what < 0.75) {
      const input = asked(state, room, chance() < 0.5 ? "older" : "newer")
      if (input) late.push(input)
    } else if (what < 0.8 && !late.some((one) => one.type === "page")) {
      state = reduce(state, { type: "renewed" })
      late.push({ type: "page", page: room.history(10), selfId })
    }
    // Answers come after any time, events in their order.
    const now = late.filter(() => chance() < 0.4)
    late = late.filter((one) => !now.includes(one))
    for (const input of now) {
      state = reduce(state, input)
      const { messages, cursor, max, hasNewer, hasOlder } = state.log
      expectOrdered(shown(state).messages)
      const ids = messages.map((message) => message.message_id!)
      const first = hasOlder ? (ids[0] ?? Number.POSITIVE_INFINITY) : 1
      const last = hasNewer || cursor === null ? (ids.at(-1) ?? 0) : cursor
      const there = [...room.messages.keys()].filter((id) => id >= first && id <= last)
      if (there.join() !== ids.join()) throw new Error(`held ${ids.join()}, there ${there.join()}`)
      if (messages.length > max + slack) throw new Error(`${messages.length} are held`)
      versions.expectOnward(state)
    }
  }
  for (const input of late) state = reduce(state, input)
  for (const one of room.replay(state.log.cursor ?? 0)) state = reduce(state, event(one))
  const held = new Set(state.log.messages.map((message) => message.message_id))
  const there = room.current.filter((message) => held.has(message.message_id))
  expect(plain(state.log.messages)).toEqual(wanted(there) as never)
}

/** What each message once said: shown, it is never older than the cursor, and never goes back while it is held. */
class Versions {
  readonly #room: MemoryRoom
  readonly #said = new Map<number, DurableEvent[]>()
  #read = 0
  #shown = new Map<number, number>()

  constructor(room: MemoryRoom) {
    this.#room = room
  }

  expectOnward({ log: { messages, cursor } }: Timeline): void {
    for (const { entries } = this.#room; this.#read < entries.length; this.#read++) {
      const one = entries[this.#read]!
      if (changesContent(one))
        this.#said.set(one.message_id, [...(this.#said.get(one.message_id) ?? []), one])
    }
    const shown = new Map<number, number>()
    for (const message of messages) {
      const id = message.message_id!
      const said = this.#said.get(id) ?? []
      const at = said.findLast((one) => matches(one, message))?.seq ?? 0
      const due = said.findLast(({ seq }) => seq <= (cursor ?? 0))?.seq ?? 0
      if (at < Math.max(due, this.#shown.get(id) ?? 0))
        throw new Error(`${id} is shown as at ${at}, due ${due}`)
      shown.set(id, at)
    }
    this.#shown = shown
  }
}

const changesContent = (one: DurableEvent) =>
  one.type === "message" || one.type === "edit" || one.type === "delete"

const matches = (one: DurableEvent, message: TimelineMessage): boolean =>
  one.type === "delete"
    ? message.deleted_at !== undefined
    : "content" in one && one.content === message.content

/** Something happens in a room: mostly messages. */
function change(room: MemoryRoom, chance: () => number): DurableEvent {
  const kind = chance()
  const id = 1 + Math.floor(chance() * Math.max(1, room.head))
  if (kind < 0.2) {
    const edited = room.edit(bob, id, `edited ${room.head}`)
    if (edited) return edited
  } else if (kind < 0.3) {
    const deleted = room.delete(bob, id)
    if (deleted) return deleted
  } else if (kind < 0.4) return room.react(bob, 1)
  return room.post(bob, `at ${room.head + 1}`).event as MessageEvent
}

/** In seq order and without doubles; what is not in the log comes last. */
function expectOrdered(messages: readonly TimelineMessage[]): void {
  let last = 0
  for (const { message_id: id } of messages) {
    if (id === null) continue
    if (id <= last) throw new Error(`${id} is shown after ${last}`)
    last = id
  }
  const own = messages.flatMap((message) => message.client_id ?? [])
  if (new Set(own).size !== own.length) throw new Error(`shown twice: ${own.join()}`)
  const firstUnacked = messages.findIndex((message) => message.message_id === null)
  if (
    firstUnacked >= 0 &&
    messages.slice(firstUnacked).some((message) => message.delivery === "sent" && message.seq === null)
  )
    throw new Error("sent without a seq")
}

/** No message of the server's is missing between the first and the last of the log's that are shown. */
function expectWhole(room: Room, server: MemoryRoom): void {
  const { messages, head } = room.messages.get()
  const ids = messages.flatMap(({ message_id: id }) => (id !== null && id <= head ? [id] : []))
  const first = ids[0]
  if (first === undefined) return
  const there = [...server.messages.keys()].filter((id) => id >= first && id <= head)
  if (there.join() !== ids.join()) throw new Error(`shown ${ids.join()}, there ${there.join()}`)
}

async function live(seed: number): Promise<void> {
  const { clock, server, newClient } = scene(seed)
  const chance = seeded(seed + 7)
  const log = server.room("general")
  for (let n = 0; n < Math.floor(chance() * 120); n++) change(log, chance)
  server.replayMax = 20
  const room = newClient("ann").room("general")
  const wrong: unknown[] = []
  room.messages.subscribe(() => {
    try {
      expectOrdered(room.messages.get().messages)
      expectWhole(room, log)
    } catch (error) {
      wrong.push(error)
    }
  })
  room.open()
  const [loss, doubling, slowMs] = [0.2 * chance(), 0.2 * chance(), 2_000 * chance() ** 3]
  server.faults = {
    copies: () => (chance() < loss ? 0 : chance() < doubling ? 2 : 1),
    delayMs: () => 2 + slowMs * chance(),
  }
  for (let steps = 0; steps < 40; steps++) {
    const what = chance()
    if (what < 0.6) server.publish(change(log, chance))
    else if (what < 0.7) room.messages.send(`mine ${steps}`)
    else if (what < 0.75) room.messages.loadOlder().catch(() => {})
    else if (what < 0.85) server.cut()
    else for (let burst = 0; burst < 12; burst++) server.publish(change(log, chance))
    await clock.run(1_500 * chance() ** 2)
  }
  server.faults = { copies: () => 1, delayMs: () => 5 }
  // A lost last event shows no hole: on a real connection the next one, or the end of the connection, tells.
  if (chance() < 0.5) server.cut()
  await clock.run(120_000)
  server.post("general", "bob", "the last")
  await clock.run(10_000)
  while (room.messages.get().hasOlder) {
    const older = room.messages.loadOlder()
    await clock.run(100)
    await older
  }
  expect(wrong).toEqual([])
  expect(plain(room.messages.get().messages)).toEqual(wanted(log.current) as never)
  expect(room.messages.get()).toMatchObject({ status: "ready", head: log.head })
}

test("[K13] under loss, delay, doubling and cuts a timeline stays ordered and whole, and ends as the log", async () => {
  await fc.assert(fc.asyncProperty(fc.integer({ min: 1 }), live), { numRuns: 2_000 })
}, 120_000)
