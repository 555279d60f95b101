import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import type { Client, Room } from "@klatch/client"
import { type Stage, startMs } from "./testing-stage.ts"

const testMs = 60_000

/** What an application sees of a Klatch through the SDK: the same of the real server and of the one in memory. */
export function describeKlatch(name: string, start: () => Promise<Stage>): void {
  describe(name, () => {
    setDefaultTimeout(testMs)
    let stage: Stage
    let turn = 0
    beforeAll(async () => {
      stage = await start()
    }, startMs)
    afterAll(() => stage[Symbol.asyncDispose]())

    /** Names that no other test of the run has. */
    const fresh = (...names: string[]): string[] => {
      turn++
      return names.map((one) => `${one}-${turn}`)
    }
    const opened = async (client: Client, ref: string): Promise<Room> => {
      const room = client.room(ref)
      await stage.settle(room.open())
      return room
    }
    const code = (promise: Promise<unknown>): Promise<string> =>
      stage.settle(
        promise.then(
          () => "none",
          (error) => error.code,
        ),
      )
    const contents = (room: Room) => room.messages.get().messages.map(({ content }) => content)

    test("two people write to each other and see the same, in order", async () => {
      const [ann = "", bob = "", slug = ""] = fresh("ann", "bob", "room")
      const hers = await opened(stage.client(ann), slug)
      const his = await opened(stage.client(bob), slug)
      await stage.settle(hers.messages.send("one").settled)
      const { message_id } = await stage.settle(his.messages.send("two", { replyTo: 3 }).settled)
      await stage.settle(hers.messages.send("three").settled)
      await stage.until("all", () => contents(his).length === 3 && contents(hers).length === 3)
      expect(contents(his)).toEqual(["one", "two", "three"])
      expect(his.messages.get().messages.map(({ seq }) => seq)).toEqual([3, 4, 5])
      expect(his.messages.get().messages[1]).toMatchObject({
        message_id,
        reply_to: 3,
        from: bob,
        kind: "room",
      })
      expect(plain(hers)).toEqual(plain(his))
      await stage.until("what is asked over HTTP", () => !!hers.info.get()?.kind && !!his.info.get()?.kind)
      expect(hers.info.get()).toMatchObject({ slug, role: "owner", kind: "public" })
      expect(his.info.get()).toMatchObject({ slug, role: "member" })
    })

    test("a message is changed and taken back by who wrote it, and by nobody else", async () => {
      const [ann = "", bob = "", slug = ""] = fresh("ann", "bob", "room")
      const hers = await opened(stage.client(ann), slug)
      const his = await opened(stage.client(bob), slug)
      const { message_id: id } = await stage.settle(hers.messages.send("frist").settled)
      await stage.settle(hers.messages.edit(id, "first"))
      await stage.until("the edit", () => contents(his)[0] === "first")
      expect(his.messages.get().messages[0]?.edited_at).toBeString()
      expect(await code(his.messages.edit(id, "mine"))).toBe("forbidden")
      expect(await code(his.messages.delete(id))).toBe("forbidden")
      await stage.settle(hers.messages.delete(id))
      await stage.until("the end of it", () => contents(his)[0] === "")
      expect(await code(hers.messages.edit(id, "again"))).toBe("not_found")
      expect(await code(hers.messages.delete(9_999))).toBe("not_found")
      const late = await opened(stage.client(fresh("cay")[0] ?? ""), slug)
      expect(contents(late)).toEqual([""])
    })

    test("a long room is opened at its end and paged back to its beginning", async () => {
      const [ann = "", bob = "", slug = ""] = fresh("ann", "bob", "room")
      const hers = await opened(stage.client(ann), slug)
      const sent = Array.from({ length: 120 }, (_, n) => hers.messages.send(`${n}`).settled)
      await stage.settle(Promise.all(sent))
      const his = await opened(stage.client(bob), slug)
      expect(contents(his).at(0)).toBe("70")
      for (let pages = 0; pages < 2; pages++) await stage.settle(his.messages.loadOlder())
      expect(contents(his)).toEqual(Array.from({ length: 120 }, (_, n) => `${n}`))
      expect(his.messages.get().hasOlder).toBe(false)
    })

    test("what was missed while away is there afterwards, and what waited is sent once", async () => {
      const [ann = "", bob = "", slug = ""] = fresh("ann", "bob", "room")
      const hers = await opened(stage.client(ann), slug)
      const client = stage.client(bob)
      const his = await opened(client, slug)
      client.close()
      for (const text of ["a", "b"]) await stage.settle(hers.messages.send(text).settled)
      client.connect()
      his.messages.send("c")
      await stage.until("all", () => contents(hers).length === 3 && his.messages.get().status === "ready")
      expect(contents(his)).toEqual(["a", "b", "c"])
      expect(contents(hers)).toEqual(["a", "b", "c"])
    })

    test("typing is seen by the others and ends with the message", async () => {
      const [ann = "", bob = "", slug = ""] = fresh("ann", "bob", "room")
      const hers = await opened(stage.client(ann), slug)
      const his = await opened(stage.client(bob), slug)
      hers.typing.set(true)
      await stage.until("typing", () => his.typing.get().length === 1)
      expect(his.typing.get()).toMatchObject([{ from: ann }])
      await stage.settle(hers.messages.send("there").settled)
      await stage.until("its end", () => his.typing.get().length === 0)
      expect(hers.typing.get()).toEqual([])
    })

    test("the list of rooms keeps itself: added, spoken in, read, left", async () => {
      const [ann = "", bob = "", name = ""] = fresh("ann", "bob", "club")
      const [hers, his] = [stage.client(ann), stage.client(bob)]
      await stage.until("both are there", () => hers.user.get() !== null && his.user.get() !== null)
      await stage.settle(his.rooms.load())
      expect(his.rooms.get()).toMatchObject({ status: "ready", rooms: [] })
      const made = await stage.settle(
        hers.rooms.create({ kind: "private", name, topic: "hush", members: [bob] }),
      )
      expect(made).toMatchObject({ kind: "private", name, slug: null, topic: "hush", head: 2, role: "owner" })
      await stage.until("it is listed", () => his.rooms.get().rooms.length === 1)
      const room = await opened(hers, made.id)
      const { message_id } = await stage.settle(room.messages.send("psst").settled)
      await stage.until("it is told", () => his.rooms.get().rooms[0]?.unread === 1)
      expect(his.rooms.get().rooms[0]).toMatchObject({ name, last_message: { content: "psst", from: ann } })
      const read = await opened(his, made.id)
      const elsewhere = stage.client(bob)
      await stage.until("bob's other device", () => elsewhere.user.get() !== null)
      await stage.settle(elsewhere.rooms.load())
      expect(elsewhere.rooms.get().rooms).toMatchObject([{ name, unread: 1 }])
      read.messages.markRead(message_id)
      const readHere = () => his.rooms.get().rooms[0]?.read_message_id === message_id
      const readThere = () => elsewhere.rooms.get().rooms[0]?.read_message_id === message_id
      await stage.until("it is read", () => readHere() && readThere())
      for (const { rooms } of [his, elsewhere]) expect(rooms.get().rooms[0]?.unread).toBe(0)
      const { members } = await stage.settle(read.members.list())
      expect(members.map(({ username, role }) => `${username} ${role}`)).toEqual([
        `${ann} owner`,
        `${bob} member`,
      ])
      await stage.settle(room.members.leave())
      await stage.settle(read.members.leave())
      await stage.until("it is gone", () => his.rooms.get().rooms.length === 0)
      expect(await code(his.room(`${made.id}`).members.list())).toBe("not_found")
    })

    test("a private room is not there for others until they are added", async () => {
      const [ann = "", bob = "", name = ""] = fresh("ann", "bob", "cabal")
      const [hers, his] = [stage.client(ann), stage.client(bob)]
      await stage.until("both are there", () => hers.user.get() !== null && his.user.get() !== null)
      const { id } = await stage.settle(hers.rooms.create({ kind: "private", name, slug: name }))
      expect(await code(his.room(id).open())).toBe("not_found")
      expect(await code(his.room(name).messages.send("let me in").settled)).toBe("not_found")
      expect(await stage.settle(his.rooms.discover(name))).toEqual([])
      expect(await code(hers.rooms.create({ name: "other", slug: name }))).toBe("conflict")
      expect(await code(hers.room(id).members.add(["nobody-of-this-name"]))).toBe("not_found")
      await stage.settle(hers.room(id).members.add([bob]))
      const room = await opened(his, id)
      expect(room.info.get()).toMatchObject({ role: "member" })
    })

    test("a direct room is one for the two, whoever asks", async () => {
      const [ann = "", bob = ""] = fresh("ann", "bob")
      const [hers, his] = [stage.client(ann), stage.client(bob)]
      await stage.until("both are there", () => hers.user.get() !== null && his.user.get() !== null)
      const one = await stage.settle(hers.rooms.direct(bob))
      const other = await stage.settle(his.rooms.direct(hers.user.get()?.id ?? ""))
      expect(other.info.get()?.id).toBe(one.info.get()?.id ?? "")
      await stage.settle(one.open())
      await stage.settle(other.open())
      await stage.settle(one.messages.send("hello, you").settled)
      await stage.until("it is heard", () => contents(other).length === 1)
      expect(other.messages.get().messages[0]).toMatchObject({ kind: "dm", to: bob, from: ann })
      expect(await code(other.members.leave())).toBe("forbidden")
      expect(await code(hers.rooms.direct("nobody-of-this-name"))).toBe("not_found")
    })

    test("public rooms are found by a part of their name, and a broadcast is heard by all", async () => {
      const [ann = "", bob = "", name = ""] = fresh("ann", "bob", "Tea Corner")
      const [hers, his] = [stage.client(ann), stage.client(bob)]
      await stage.until("both are there", () => hers.user.get() !== null && his.user.get() !== null)
      const made = await stage.settle(hers.rooms.create({ name }))
      expect(made.slug).toBe(name.toLowerCase().replace(" ", "-"))
      const found = await stage.settle(his.rooms.discover("TEA"))
      expect(found).toMatchObject([{ id: made.id, name, role: null }])
      const heard: string[] = []
      his.on("message", (event) => heard.push(`${event.kind} ${event.from} ${event.content}`))
      await stage.settle(hers.broadcast("fire drill"))
      await stage.until("it is heard", () => heard.length > 0)
      expect(heard).toEqual([`broadcast ${ann} fire drill`])
    })
  })
}

const plain = (room: Room) =>
  room.messages.get().messages.map(({ delivery: _delivery, ...message }) => message)
