import { describe, expect, test } from "bun:test"
import { durableEventSchemas, type Role, type RoomKind, role, roomKind } from "@klatch/protocol"
import fc from "fast-check"
import {
  type Entry,
  type EntryBody,
  type EntryKind,
  encodeEntry,
  eventOf,
  type LogRoom,
  messageKindOf,
  OWN_CLIENT_ID_PREFIX,
} from "./entry.ts"

const annId = "0190a000-0000-7000-8000-0000000000a1"
const roomId = "0190a000-0000-7000-8000-0000000000b1"
const fileId = "0190a000-0000-7000-8000-0000000000c1"
const ann = { id: annId, username: "ann" }
const at = "2030-01-01T00:00:00.000Z"
const roomOf = (kind: RoomKind, label = "den"): LogRoom => ({ id: roomId, kind, label })
const entryOf = (body: EntryBody, seq = 7): Entry => ({ seq, author: ann, at, ...body })

/** What an event is on the wire: `undefined` is not told. */
const onWire = (room: LogRoom, entry: Entry) =>
  JSON.parse(encodeEntry(room, entry)) as Record<string, unknown>

const seq = fc.integer({ min: 1, max: 2 ** 40 })
const words = fc.string({ unit: "binary", maxLength: 40 })
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
const added = { id: roomId, kind: "group" as const, name: "Den", slug: null }

const someone = fc.constant({ id: annId, username: "ann" })

/** Every kind of entry: total, so that a new kind without its bodies is a type error. */
const bodies: { readonly [K in EntryKind]: fc.Arbitrary<Extract<EntryBody, { kind: K }>> } = {
  message: fc.record({
    kind: fc.constant("message" as const),
    content: words,
    clientId: maybe(fc.constantFrom("mine", `${OWN_CLIENT_ID_PREFIX}ours`)),
    replyTo: maybe(seq),
    threadId: maybe(seq),
    editedAt: maybe(fc.constant(at)),
    deletedAt: maybe(fc.constant(at)),
    data: maybe(fc.constantFrom({}, { mentions: [annId] }, { attachments: [{ file_id: fileId }] })),
  }),
  edit: fc.record({ kind: fc.constant("edit" as const), target: seq, content: words }),
  delete: fc.record({ kind: fc.constant("delete" as const), target: seq }),
  join: fc.record({
    kind: fc.constant("join" as const),
    data: fc.record({ role: fc.constantFrom<Role>(...role.options), by: maybe(someone) }),
  }),
  leave: fc.record({ kind: fc.constant("leave" as const), data: maybe(fc.record({ by: maybe(someone) })) }),
  member: fc.record({
    kind: fc.constant("member" as const),
    data: fc.record({
      role: fc.option(fc.constantFrom<Role>(...role.options)),
      muted_until: fc.option(fc.constant(at)),
      banned: fc.boolean(),
      by: maybe(someone),
    }),
  }),
  room: fc.record({ kind: fc.constant("room" as const), data: fc.record({ name: words, topic: words }) }),
  room_added: fc.record({
    kind: fc.constant("room_added" as const),
    data: fc.record({ room: fc.constant(added), since: fc.nat() }),
  }),
  room_removed: fc.constant({ kind: "room_removed" as const, data: { room: { id: roomId } } }),
}

describe("the event of an entry", () => {
  test.each(Object.keys(bodies) as EntryKind[])(
    "%s is what the contract says, in every kind of room",
    (kind) => {
      const body: fc.Arbitrary<EntryBody> = bodies[kind]
      const rooms = fc.constantFrom(...roomKind.options).map((kind) => roomOf(kind, "ann,bob"))
      fc.assert(
        fc.property(rooms, body, seq, (room, body, seq) => {
          const told = onWire(room, entryOf(body, seq))
          const parsed = durableEventSchemas[kind].strict().parse(told)
          expect(parsed as unknown).toEqual(told)
          expect(told).toMatchObject({ type: kind, seq, room_id: roomId, timestamp: at })
        }),
      )
    },
  )

  test("keeps every word of a message as it was written", () => {
    fc.assert(
      fc.property(words, (content) => {
        expect(onWire(roomOf("public"), entryOf({ kind: "message", content })).content).toBe(content)
      }),
    )
  })

  test("is born at its own seq, and a change names the message it changed", () => {
    const message = entryOf({ kind: "message", content: "hi" }, 3)
    expect(eventOf(roomOf("public"), message)).toMatchObject({
      seq: 3,
      message_id: 3,
      user_id: annId,
      from: "ann",
    })
    for (const body of [
      { kind: "edit", target: 3, content: "ho" } as const,
      { kind: "delete", target: 3 } as const,
    ])
      expect(eventOf(roomOf("public"), entryOf(body, 9))).toMatchObject({ seq: 9, message_id: 3 })
  })

  test("tells a client_id that a client chose, and none of ours", () => {
    const told = (clientId?: string) =>
      onWire(roomOf("public"), entryOf({ kind: "message", content: "hi", clientId }))
    expect(told("c1").client_id).toBe("c1")
    expect(told(`${OWN_CLIENT_ID_PREFIX}c1`)).not.toContainKey("client_id")
    expect(told()).not.toContainKey("client_id")
  })
})

describe("a message's kind and recipient", () => {
  test("follow from its room", () => {
    const kinds = roomKind.options.map((kind) => [kind, messageKindOf(kind)])
    expect(kinds).toEqual([
      ["public", "room"],
      ["private", "room"],
      ["group", "group"],
      ["direct", "dm"],
      ["broadcast", "broadcast"],
      ["inbox", "room"],
    ])
  })

  test("in a direct room it is the other one, whoever writes, and oneself when alone; in a group the group", () => {
    const to = (room: LogRoom, username = "ann") =>
      eventOf(room, { ...entryOf({ kind: "message", content: "hi" }), author: { id: annId, username } }).to
    expect(to(roomOf("direct", "ann,bob"))).toBe("bob")
    expect(to(roomOf("direct", "ann,bob"), "bob")).toBe("ann")
    expect(to(roomOf("direct", "ann"))).toBe("ann")
    expect(to(roomOf("group", "crew"))).toBe("crew")
    for (const kind of ["public", "private", "broadcast"] as const) expect(to(roomOf(kind))).toBeUndefined()
  })
})
