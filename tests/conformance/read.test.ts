import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { myRoom, room } from "@klatch/protocol"
import { ask, expectError, got } from "./answer.ts"
import { Caller, type Heard } from "./caller.ts"
import { testMs, unique } from "./target.ts"

setDefaultTimeout(testMs)

const roomPage = { parse: (value: unknown) => value as { rooms: unknown[] } }

/** A room as its member's list tells it; undefined when it is not there. */
async function listed(name: string, roomId: unknown) {
  const { rooms } = await got(roomPage, `GET /rooms?user=${name}&limit=100`)
  return rooms.map((one) => myRoom.strict().parse(one)).find((one) => one.id === roomId)
}
/** How many messages are unread, and up to where it was read. */
async function standing(name: string, roomId: unknown) {
  const found = await listed(name, roomId)
  return found && [found.unread, found.read_message_id]
}
const isRead = (frame: Heard) => frame.type === "read"
const reads = (caller: Caller) => caller.heard.filter(isRead)

/** Sends as many messages; answers their ids. */
async function say(caller: Caller, roomId: unknown, count: number): Promise<number[]> {
  const ids: number[] = []
  for (let i = 0; i < count; i++)
    ids.push(
      (await caller.acked({ type: "message", room_id: roomId, content: `m${i}` })).message_id as number,
    )
  return ids
}

/** A connection that follows nothing but its user's inbox. */
async function atInbox(name: string): Promise<Caller> {
  const caller = await Caller.as(name, "subscribe=none")
  await caller.acked({ type: "join", room_id: caller.user.id })
  return caller
}

describe("what was read", () => {
  test("[M1] counts no more as unread, up to and including the message, and the list tells where", async () => {
    const slug = unique("read")
    await using ann = await Caller.in(slug)
    await using bob = await Caller.in(slug)
    const { roomId } = ann
    const name = ann.user.username
    const ids = await say(bob, slug, 5)
    expect(await standing(name, roomId)).toEqual([5, 0])
    const ack = await ann.acked({ type: "read", room_id: slug, message_id: ids[2] })
    expect(ack).toEqual({ type: "ack", ref: String(ack.ref), room_id: roomId })
    expect(await standing(name, roomId)).toEqual([2, ids[2] as number])
    await ann.acked({ type: "read", room_id: roomId, message_id: ids[4] })
    expect(await standing(name, roomId)).toEqual([0, ids[4] as number])
    await say(bob, slug, 1)
    expect(await standing(name, roomId)).toEqual([1, ids[4] as number])
    // Another's mark is another's.
    const [unread] = (await standing(bob.user.username, roomId)) ?? []
    expect(unread).toBe(6)
  })

  test("[M1] an entry that is no message may be what was read last: only messages count", async () => {
    const slug = unique("read")
    await using ann = await Caller.in(slug)
    await using bob = await Caller.in(slug)
    const name = ann.user.username
    const [first] = await say(bob, slug, 1)
    const edit = await bob.acked({ type: "edit", room_id: slug, message_id: first, content: "new words" })
    await say(bob, slug, 2)
    await ann.acked({ type: "read", room_id: slug, message_id: edit.seq })
    expect(await standing(name, ann.roomId)).toEqual([2, edit.seq as number])
  })

  test("[M1] a room that was joined late begins as read", async () => {
    const slug = unique("read")
    await using ann = await Caller.in(slug)
    const ids = await say(ann, slug, 3)
    await using bob = await Caller.in(slug)
    expect(await standing(bob.user.username, ann.roomId)).toEqual([0, ids[2] as number])
  })

  test("[M2] never moves back, also when many connections say it at once", async () => {
    const slug = unique("back")
    await using bob = await Caller.in(slug)
    const name = unique("ann")
    const tabs = await Promise.all([1, 2, 3].map(() => Caller.as(name)))
    await tabs[0]!.acked({ type: "join", room_id: slug })
    const ids = await say(bob, slug, 12)
    await tabs[0]!.acked({ type: "read", room_id: slug, message_id: ids[7] })
    await tabs[1]!.acked({ type: "read", room_id: slug, message_id: ids[3] })
    expect(await standing(name, bob.roomId)).toEqual([4, ids[7] as number])
    const order = [2, 9, 0, 10, 4, 8, 1, 6, 5, 3]
    await Promise.all(
      order.map((i, n) => tabs[n % 3]!.acked({ type: "read", room_id: slug, message_id: ids[i] })),
    )
    expect(await standing(name, bob.roomId)).toEqual([1, ids[10] as number])
    for (const tab of tabs) await tab[Symbol.asyncDispose]()
  })

  test("[M3] a message beyond the head counts as the head: what comes later is unread", async () => {
    const slug = unique("clamp")
    await using ann = await Caller.in(slug)
    await using bob = await Caller.in(slug)
    const name = ann.user.username
    for (const message_id of [Number.MAX_SAFE_INTEGER, 2 ** 31, 1_000_000]) {
      const head = (await say(bob, slug, 2))[1] as number
      await ann.acked({ type: "read", room_id: slug, message_id })
      expect(await standing(name, ann.roomId)).toEqual([0, head])
    }
    await say(bob, slug, 3)
    expect((await standing(name, ann.roomId))?.[0]).toBe(3)
  })

  test("[M1] is no entry: the room's head stays", async () => {
    const slug = unique("entry")
    await using ann = await Caller.in(slug)
    const [id] = await say(ann, slug, 1)
    await ann.acked({ type: "read", room_id: slug, message_id: id })
    expect((await listed(ann.user.username, ann.roomId))?.head).toBe(id as number)
  })
})

describe("the word of it", () => {
  test("[M4] comes to one's other connections that follow the inbox, and in a public room to nobody else", async () => {
    const slug = unique("word")
    await using bob = await Caller.in(slug)
    await using ann = await Caller.in(slug)
    await using tab = await atInbox(ann.user.username)
    await using eve = await atInbox(unique("eve"))
    await eve.acked({ type: "join", room_id: slug })
    await ann.acked({ type: "join", room_id: ann.user.id })
    const [one, two, three] = await say(bob, slug, 3)
    await ann.acked({ type: "read", room_id: slug, message_id: two })
    expect(await tab.hears("the word", isRead)).toEqual({
      type: "read",
      room_id: bob.roomId,
      user_id: ann.user.id,
      message_id: two,
    })
    // Nothing moved: nothing is told.
    for (const message_id of [two, one]) await ann.acked({ type: "read", room_id: slug, message_id })
    await ann.acked({ type: "read", room_id: slug, message_id: three })
    await tab.hears("the next", (f) => isRead(f) && f.message_id === three)
    for (const caller of [ann, bob, eve, tab]) await caller.settled()
    expect(reads(tab).map((f) => f.message_id)).toEqual([two, three])
    for (const caller of [ann, bob, eve]) expect(reads(caller)).toEqual([])
  })

  test("[M4] beyond the head it tells the head", async () => {
    const slug = unique("word")
    await using ann = await Caller.in(slug)
    await using tab = await atInbox(ann.user.username)
    const [id] = await say(ann, slug, 1)
    await ann.acked({ type: "read", room_id: slug, message_id: Number.MAX_SAFE_INTEGER })
    expect((await tab.hears("the word", isRead)).message_id).toBe(id)
  })

  test("[M4] in a dm the other hears it too, without asking for anything, and no stranger does", async () => {
    const [a, b] = [unique("ann"), unique("bob")]
    await using ann = await Caller.as(a)
    await using bob = await Caller.as(b)
    await using eve = await atInbox(unique("eve"))
    const { room_id, message_id } = await ann.acked({ type: "dm", to: b, content: "Lunch?" })
    await ann.hears("it herself", (f) => f.type === "message" && f.message_id === message_id)
    await bob.hears("the dm", (f) => f.content === "Lunch?")
    expect(await standing(b, room_id)).toEqual([1, 0])
    await bob.acked({ type: "read", room_id, message_id })
    const word = { type: "read", room_id: String(room_id), user_id: bob.user.id, message_id }
    expect(await ann.hears("the word", isRead)).toEqual(word)
    expect(await standing(b, room_id)).toEqual([0, message_id as number])
    expect(await eve.ask({ type: "read", room_id, message_id })).toMatchObject({ code: "not_found" })
    for (const caller of [ann, bob, eve]) await caller.settled()
    expect([ann, bob, eve].map((caller) => reads(caller).length)).toEqual([1, 0, 0])
  })

  test("[M4] is told also by a connection that follows nothing itself", async () => {
    const [a, b] = [unique("ann"), unique("bob")]
    await using ann = await Caller.as(a)
    await using quiet = await Caller.as(b, "subscribe=none")
    await using tab = await atInbox(b)
    const { room_id, message_id } = await ann.acked({ type: "dm", to: b, content: "Lunch?" })
    await ann.hears("it herself", (f) => f.type === "message" && f.message_id === message_id)
    await quiet.acked({ type: "read", room_id, message_id })
    for (const caller of [ann, tab])
      expect(await caller.hears("the word", isRead)).toMatchObject({ user_id: quiet.user.id, message_id })
    await quiet.settled()
    expect(reads(quiet)).toEqual([])
  })

  test("[M4] is told also when the connection is closed right behind it", async () => {
    const [a, b] = [unique("ann"), unique("bob")]
    await using ann = await Caller.as(a)
    for (let round = 0; round < 10; round++) {
      const bob = await Caller.as(b, "subscribe=none")
      const { room_id, message_id } = await ann.acked({ type: "dm", to: b, content: "Lunch?" })
      await ann.hears("it herself", (f) => f.type === "message" && f.message_id === message_id)
      bob.send({ type: "read", room_id, message_id })
      await bob.close()
      await ann.hears("the word", (f) => isRead(f) && f.message_id === message_id)
    }
  })

  test("[M4] in a group everyone hears it but the one who read", async () => {
    const group = unique("crew")
    const members = await Promise.all(Array.from({ length: 3 }, () => Caller.as(unique("m"))))
    const [ann, bob, cid] = members as [Caller, Caller, Caller]
    for (const caller of members) await caller.acked({ type: "group", to: group, content: "hi" })
    const { room_id, message_id } = await ann.acked({ type: "group", to: group, content: "all here?" })
    // What is not stored is told to those who follow by then.
    for (const caller of members) await caller.hears("the message", (f) => f.content === "all here?")
    await bob.acked({ type: "read", room_id, message_id })
    for (const caller of [ann, cid])
      expect(await caller.hears("the word", isRead)).toMatchObject({ user_id: bob.user.id, message_id })
    await bob.settled()
    expect(reads(bob)).toEqual([])
    for (const caller of members) await caller[Symbol.asyncDispose]()
  })
})

describe("who may not", () => {
  test("[M5] is answered not_found in the words of a missing room, and nothing is told there", async () => {
    const owner = unique("ann")
    const secret = await got(room, `POST /rooms?user=${owner}`, { body: { kind: "private", name: "vault" } })
    await using ann = await Caller.as(owner)
    await ann.acked({ type: "join", room_id: secret.id })
    const [message_id] = await say(ann, secret.id, 1)
    await using eve = await Caller.as(unique("eve"))
    const answers: Heard[] = []
    for (const room_id of [secret.id, crypto.randomUUID(), unique("nowhere"), ann.user.id, "__proto__"])
      answers.push(await eve.ask({ type: "read", room_id, message_id }))
    expect(answers.map((f) => [f.type, f.code, f.message])).toEqual(
      answers.map(() => ["error", "not_found", answers[0]?.message]),
    )
    await ann.settled()
    expect(reads(ann)).toEqual([])
  })

  test("[M5] someone who is no member of a public room is acked, and nothing is kept", async () => {
    const slug = unique("open")
    await using ann = await Caller.in(slug)
    const [first] = await say(ann, slug, 3)
    await using bob = await atInbox(unique("bob"))
    await using tab = await atInbox(bob.user.username)
    await bob.acked({ type: "read", room_id: slug, message_id: first })
    expect(await listed(bob.user.username, ann.roomId)).toBeUndefined()
    const own = await bob.acked({ type: "read", room_id: bob.user.id, message_id: 1 })
    expect(own.room_id).toBe(bob.user.id)
    await tab.settled()
    expect(reads(tab)).toEqual([])
  })

  test("[M5] a membership that ended took its mark along; a deleted room is not found", async () => {
    const slug = unique("ended")
    await using ann = await Caller.in(slug)
    await using bob = await Caller.in(slug)
    await say(ann, slug, 2)
    await bob.acked({ type: "leave", room_id: slug, forget: true })
    const head = (await say(ann, slug, 1))[0] as number
    await bob.acked({ type: "read", room_id: slug, message_id: 1 })
    await bob.acked({ type: "join", room_id: slug })
    expect(await standing(bob.user.username, ann.roomId)).toEqual([0, head])
    expect((await ask(`DELETE /rooms/${slug}?user=${ann.user.username}`)).status).toBe(204)
    expect(await bob.ask({ type: "read", room_id: slug, message_id: 1 })).toMatchObject({ code: "not_found" })
    expectError(await ask(`GET /rooms/${slug}?user=${bob.user.username}`), "not_found")
  })

  test("[C13] hostile values are each answered, move nothing, and the connection goes on", async () => {
    const slug = unique("hostile")
    await using ann = await Caller.in(slug)
    await using bob = await Caller.in(slug)
    const [message_id] = await say(bob, slug, 2)
    const numbers = ["0", "-0", "-1", "1.5", "1e400", "-1e400", "9007199254740992", "1e18", '"1"', "true"]
    const values = [...numbers, "null", "[1]", "{}", `{"valueOf":1}`, `"1; DROP TABLE x"`, "[[[[1]]]]"]
    for (const value of values)
      ann.send(
        `{"type":"read","ref":"v","room_id":"${slug}","message_id":${value},"user_id":"${bob.user.id}"}`,
      )
    for (const room_id of ["7", "null", "{}", `["${slug}"]`, `"${slug}' OR 1=1"`, '"\\u0000"', '""'])
      ann.send(`{"type":"read","ref":"r","room_id":${room_id},"message_id":${message_id}}`)
    await ann.settled()
    const answers = ann.heard.filter((f) => f.ref === "v" || f.ref === "r")
    expect(answers.map((f) => f.code)).toEqual(Array(values.length + 7).fill("invalid_field"))
    expect(await standing(ann.user.username, ann.roomId)).toEqual([2, 0])
    await ann.acked({ type: "read", room_id: slug.toUpperCase(), message_id, user_id: bob.user.id })
    expect((await standing(ann.user.username, ann.roomId))?.[0]).toBe(1)
    expect((await standing(bob.user.username, ann.roomId))?.[0]).toBe(2)
  })
})
