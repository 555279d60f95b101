import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { type HistoryPage, historyPage, limits } from "@klatch/protocol"
import { ask, expectError, got } from "./answer.ts"
import { Caller } from "./caller.ts"
import { testMs, unique } from "./target.ts"

setDefaultTimeout(testMs)

/** A room with `count` messages "1".., whose seqs begin at 2: the first entry is its maker's membership. */
async function filled(count: number): Promise<{ ann: Caller; slug: string; seqs: number[] }> {
  const slug = unique("pages")
  const ann = await Caller.in(slug)
  const acks = await Promise.all(
    Array.from({ length: count }, (_, i) =>
      ann.acked({ type: "message", room_id: slug, content: `${i + 1}` }),
    ),
  )
  return { ann, slug, seqs: acks.map((ack) => ack.seq as number) }
}

/** The same window over the socket and over HTTP. */
type Read = (ann: Caller, slug: string, window: Record<string, number>) => Promise<HistoryPage>
const overSocket: Read = async (ann, slug, window) => {
  const ack = await ann.acked({ type: "history", room_id: slug, ...window })
  return historyPage.parse({ messages: ack.messages, has_more: ack.has_more, head: ack.head })
}
const overHttp: Read = (_, slug, window) =>
  got(
    historyPage.strict(),
    `GET /rooms/${slug}/messages?${new URLSearchParams(Object.entries(window).map(([k, v]) => [k, `${v}`]))}`,
  )

describe.each([
  ["over the socket", overSocket],
  ["over HTTP", overHttp],
] as const)("history %s", (_, read) => {
  test("[H1] pages walk back to the first message and forward to the last, each once, in order", async () => {
    const { ann, slug, seqs } = await filled(25)
    await using _ann = ann
    const back: number[] = []
    let page = await read(ann, slug, { limit: 10 })
    const sizes = [page.messages.length]
    back.unshift(...page.messages.map((m) => m.seq))
    while (page.has_more) {
      page = await read(ann, slug, { before: back[0] as number, limit: 10 })
      sizes.push(page.messages.length)
      back.unshift(...page.messages.map((m) => m.seq))
    }
    expect(sizes).toEqual([10, 10, 5])
    expect(back).toEqual(seqs)
    const on: number[] = []
    do {
      page = await read(ann, slug, { after: on.at(-1) ?? 0, limit: 10 })
      on.push(...page.messages.map((m) => m.seq))
    } while (page.has_more)
    expect(on).toEqual(seqs)
  })

  test("[H1] has_more is exact at the edges, and head is the room's newest seq", async () => {
    const { ann, slug, seqs } = await filled(10)
    await using _ann = ann
    const head = seqs.at(-1) as number
    const first = seqs[0] as number
    const seen = async (window: Record<string, number>) => {
      const page = await read(ann, slug, window)
      expect(page.head).toBe(head)
      return [page.messages.length, page.has_more]
    }
    expect(await seen({ limit: 10 })).toEqual([10, false])
    expect(await seen({ limit: 9 })).toEqual([9, true])
    expect(await seen({ before: first })).toEqual([0, false])
    expect(await seen({ before: head + 1_000, limit: 10 })).toEqual([10, false])
    expect(await seen({ before: 0 })).toEqual([0, false])
    expect(await seen({ after: head })).toEqual([0, false])
    expect(await seen({ after: head + 1_000 })).toEqual([0, false])
    expect(await seen({ after: 0, limit: 10 })).toEqual([10, false])
    expect(await seen({ after: 0, limit: 9 })).toEqual([9, true])
    expect(await seen({ after: Number.MAX_SAFE_INTEGER })).toEqual([0, false])
    expect(await seen({ before: Number.MAX_SAFE_INTEGER })).toEqual([10, false])
  })

  test("[H2] a page holds 50 unless it is asked for 1 to 100", async () => {
    const { ann, slug } = await filled(60)
    await using _ann = ann
    expect((await read(ann, slug, {})).messages.length).toBe(limits.pageDefault)
    expect((await read(ann, slug, { limit: 1 })).messages.map((m) => m.content)).toEqual(["60"])
    expect((await read(ann, slug, { limit: 100 })).messages.length).toBe(60)
  })

  test("[H1] entries that are no messages take seqs and no place in a page", async () => {
    const { ann, slug, seqs } = await filled(3)
    await using _ann = ann
    await using bob = await Caller.in(slug)
    await bob.acked({ type: "leave", room_id: slug, forget: true })
    await ann.acked({ type: "edit", room_id: slug, message_id: seqs[0], content: "new" })
    const page = await read(ann, slug, { limit: 3 })
    expect(page.messages.map((m) => [m.seq, m.content])).toEqual([
      [seqs[0] as number, "new"],
      [seqs[1] as number, "2"],
      [seqs[2] as number, "3"],
    ])
    expect([page.has_more, page.head]).toEqual([false, (seqs[2] as number) + 3])
  })
})

describe("history", () => {
  test("[H2] windows that cannot be are refused, with the field in the message", async () => {
    const { ann, slug } = await filled(1)
    await using _ann = ann
    for (const query of [
      "limit=0",
      "limit=101",
      "limit=x",
      "limit=1.5",
      "limit=-1",
      "before=-1",
      "before=x",
      "after=1.5",
      "after=1e99",
      "before=1&after=1",
    ]) {
      const answer = await ask(`GET /rooms/${slug}/messages?${query}`)
      expectError(answer, "invalid_field")
    }
    const both = await ann.ask({ type: "history", room_id: slug, before: 1, after: 1 })
    expect(both.code).toBe("invalid_field")
  })

  test("[H3] GET /history is a bare array of the newest, oldest first; none for an unknown room", async () => {
    const { ann, slug } = await filled(5)
    await using _ann = ann
    for (const key of ["r", "room"]) {
      const answer = await ask(`GET /history?${key}=${slug}`)
      expect((answer.body as { content: string }[]).map((m) => m.content)).toEqual(["1", "2", "3", "4", "5"])
    }
    const two = await ask(`GET /history?r=${slug}&limit=2`)
    expect((two.body as { content: string }[]).map((m) => m.content)).toEqual(["4", "5"])
    expect((await ask(`GET /history?r=${unique("none")}`)).body).toEqual([])
    expectError(await ask("GET /history"), "invalid_field")
    expectError(await ask("GET /history?r=a/b"), "invalid_field")
  })
})
