import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { limits, room } from "@klatch/protocol"
import { ask, got } from "./answer.ts"
import { Caller } from "./caller.ts"
import { testMs, unique } from "./target.ts"

setDefaultTimeout(testMs)

/** Writes `count` messages, some hundreds at a time and within the connection's budget by several writers. */
async function write(slug: string, count: number): Promise<void> {
  const perWriter = 90
  for (let left = count; left > 0; left -= perWriter) {
    const writer = await Caller.as(unique("w"))
    await Promise.all(
      Array.from({ length: Math.min(left, perWriter) }, (_, i) =>
        writer.acked({ type: "message", room_id: slug, content: `${i}` }),
      ),
    )
    await writer.close()
  }
}

const seqs = (caller: Caller, roomId: unknown) => caller.entries(roomId).map((f) => f.seq as number)
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

describe("join with since", () => {
  test("[R4] what was missed is replayed before the ack, whole and in order, then comes live", async () => {
    const slug = unique("since")
    await using ann = await Caller.in(slug)
    for (let i = 0; i < 20; i++) await ann.acked({ type: "message", room_id: slug, content: `${i}` })
    await using bob = await Caller.as(unique("bob"))
    const ack = await bob.acked({ type: "join", room_id: slug, since: 5 })
    expect(ack.gap).toBeUndefined()
    const at = bob.heard.indexOf(ack)
    const replayed = bob.heard.slice(0, at).filter((f) => f.room_id === ack.room_id && f.seq !== undefined)
    expect(replayed.map((f) => f.seq as number)).toEqual(range(6, ack.head as number))
    await ann.acked({ type: "message", room_id: slug, content: "live" })
    await bob.hears("live", (f) => f.content === "live")
    expect(seqs(bob, ack.room_id)).toEqual(range(6, (ack.head as number) + 1))
  })

  test("[R4] a cursor at the head, or beyond it, replays nothing", async () => {
    const slug = unique("ahead")
    await using ann = await Caller.in(slug)
    for (const since of [1, 1_000, Number.MAX_SAFE_INTEGER]) {
      await using bob = await Caller.as(ann.user.username)
      const ack = await bob.acked({ type: "join", room_id: slug, since })
      expect([ack.head, ack.gap, seqs(bob, ack.room_id).length]).toEqual([1, undefined, 0])
    }
  })

  test("[R4] the replay is the same bytes as what was heard live", async () => {
    const slug = unique("same")
    await using ann = await Caller.in(slug)
    await using bob = await Caller.in(slug)
    for (let i = 0; i < 5; i++)
      await bob.acked({ type: "message", room_id: slug, content: `${i}`, client_id: `${i}` })
    await bob.acked({ type: "leave", room_id: slug, forget: true })
    await ann.hears("the leave", (f) => f.type === "leave")
    await using late = await Caller.as(ann.user.username)
    const ack = await late.acked({ type: "join", room_id: slug, since: 1 })
    expect(late.entries(ack.room_id)).toEqual(ann.entries(ack.room_id).filter((f) => (f.seq as number) > 1))
  })

  test("[R5] too far behind is told as a gap, which history pages, and never a silent hole", async () => {
    const slug = unique("behind")
    await using ann = await Caller.in(slug)
    await write(slug, limits.replayEntriesMax + 10)
    await using bob = await Caller.as(ann.user.username)
    const ack = await bob.acked({ type: "join", room_id: slug, since: 2 })
    expect(ack.gap).toEqual({ from: 3, to: ack.head as number })
    expect(seqs(bob, ack.room_id)).toEqual([])
    await ann.acked({ type: "message", room_id: slug, content: "live" })
    await bob.hears("live", (f) => f.content === "live")
    expect(seqs(bob, ack.room_id)).toEqual([(ack.head as number) + 1])
    await using carol = await Caller.as(ann.user.username)
    const since = (ack.head as number) + 1 - limits.replayEntriesMax
    const whole = await carol.acked({ type: "join", room_id: slug, since })
    expect(whole.gap).toBeUndefined()
    expect(seqs(carol, ack.room_id)).toEqual(range(since + 1, whole.head as number))
  })
})

describe("resume", () => {
  test("[R6] many rooms at once: each whole and in order, then one resumed for all, then live", async () => {
    const name = unique("ann")
    const slugs = Array.from({ length: 20 }, () => unique("many"))
    await using bob = await Caller.as(unique("bob"))
    const ids: Record<string, string> = {}
    for (const [i, slug] of slugs.entries()) {
      ids[slug] = (await bob.acked({ type: "join", room_id: slug })).room_id as string
      for (let n = 0; n < i % 4; n++) await bob.acked({ type: "message", room_id: slug, content: `${n}` })
    }
    await using ann = await Caller.as(name)
    const answer = await ann.ask({
      type: "resume",
      rooms: Object.fromEntries(slugs.map((slug) => [ids[slug], 0])),
    })
    expect(answer).toMatchObject({ type: "resumed" })
    expect(answer.refused).toBeUndefined()
    const rooms = answer.rooms as Record<string, { head: number; gap?: unknown }>
    for (const [i, slug] of slugs.entries()) {
      const id = ids[slug] as string
      expect([rooms[id]?.head, rooms[id]?.gap]).toEqual([1 + (i % 4), undefined])
      expect(seqs(ann, id)).toEqual(range(1, 1 + (i % 4)))
    }
    for (const slug of slugs.slice(0, 5)) {
      await bob.acked({ type: "message", room_id: slug, content: "live" })
      await ann.hears("live", (f) => f.room_id === ids[slug] && f.content === "live")
    }
  })

  test("[R6] while others write, what is replayed and what is live meet without gap or repeat", async () => {
    const slug = unique("meet")
    await using writer = await Caller.in(slug)
    let isDone = false
    const writing = (async () => {
      while (!isDone)
        await ask(`POST /rooms/${slug}/messages?user=${unique("w")}`, { body: { content: "x" } })
    })()
    for (let i = 0; i < 8; i++) {
      await using ann = await Caller.as(unique("ann"))
      const since = i % 2
      const resumed = await ann.ask({ type: "resume", rooms: { [writer.roomId]: since } })
      const { head } = (resumed.rooms as Record<string, { head: number }>)[writer.roomId] as { head: number }
      await ann.hears("a live one", (f) => f.room_id === writer.roomId && (f.seq as number) > head)
      const heard = seqs(ann, writer.roomId)
      expect(heard).toEqual(range(since + 1, heard.at(-1) as number))
    }
    isDone = true
    await writing
  })

  test("[R7] a room that one may not read, or that is not there, is told in refused", async () => {
    await using ann = await Caller.in(unique("mine"))
    const secret = await got(room, `POST /rooms?user=${unique("eve")}`, {
      body: { kind: "private", name: "x" },
    })
    const missing = "01900000-0000-7000-8000-000000000000"
    const answer = await ann.ask({
      type: "resume",
      rooms: { [secret.id]: 0, [missing]: 3, [ann.roomId]: 1 },
    })
    expect((answer.refused as string[]).sort()).toEqual([missing, secret.id].sort())
    expect(answer.rooms).toEqual({ [ann.roomId]: { head: 1 } })
    expect(ann.entries(secret.id)).toEqual([])
  })

  test("[R5] a room too far behind resumes with its gap, the others with their replays", async () => {
    const far = unique("far")
    const near = unique("near")
    await using ann = await Caller.in(far)
    const { room_id: nearId } = await ann.acked({ type: "join", room_id: near })
    await write(far, limits.replayEntriesMax + 1)
    await ann.acked({ type: "message", room_id: near, content: "x" })
    await using bob = await Caller.as(ann.user.username)
    const answer = await bob.ask({ type: "resume", rooms: { [ann.roomId]: 0, [String(nearId)]: 0 } })
    const rooms = answer.rooms as Record<string, { head: number; gap?: { from: number; to: number } }>
    expect(rooms[ann.roomId]?.gap).toEqual({ from: 1, to: rooms[ann.roomId]?.head as number })
    expect(rooms[String(nearId)]).toEqual({ head: 2 })
    expect([seqs(bob, ann.roomId), seqs(bob, nearId)]).toEqual([[], [1, 2]])
    await ann.acked({ type: "message", room_id: far, content: "live" })
    await bob.hears("live", (f) => f.content === "live")
    expect(seqs(bob, ann.roomId)).toEqual([(rooms[ann.roomId]?.head as number) + 1])
  })

  test("[R8] a user's inbox is a room that only they read, and resumes like any other", async () => {
    const name = unique("ann")
    await using ann = await Caller.as(name)
    await ann.acked({ type: "join", room_id: unique("a") })
    await ann.acked({ type: "join", room_id: unique("b") })
    await using back = await Caller.as(name)
    const answer = await back.ask({ type: "resume", rooms: { [ann.user.id]: 0 } })
    expect(answer.rooms).toEqual({ [ann.user.id]: { head: 2 } })
    expect(back.entries(ann.user.id).map((f) => f.type)).toEqual(["room_added", "room_added"])
    await using eve = await Caller.as(unique("eve"))
    const refused = await eve.ask({ type: "resume", rooms: { [ann.user.id]: 0 } })
    expect(refused.refused).toEqual([ann.user.id])
  })

  test("[R6] an empty resume is answered", async () => {
    await using ann = await Caller.open("/ws")
    expect(await ann.ask({ type: "resume", rooms: {} })).toMatchObject({ type: "resumed", rooms: {} })
  })

  test("[R6] a room id in capitals is the same room", async () => {
    await using ann = await Caller.in(unique("caps"))
    await using bob = await Caller.as(ann.user.username)
    bob.send(JSON.stringify({ type: "resume", ref: "x", rooms: { [ann.roomId.toUpperCase()]: 0 } }))
    const answer = await bob.hears("resumed", (f) => f.ref === "x")
    expect(Object.keys(answer.rooms as object)).toEqual([ann.roomId])
  })
})
