import { expect, test } from "bun:test"
import { check, type FaultName, faultNames } from "./checker.ts"
import { type Evidence, identityOf, type LogEntry, type Mark, type SeenMessage } from "./journal.ts"

const room = "room"
const ann = "ann"

type Pieces = { -readonly [K in keyof Evidence]: Evidence[K] }

const message = (seq: number, clientId = `c${seq}`, ordinal = seq): LogEntry => ({
  seq,
  kind: "message",
  author: ann,
  clientId,
  ordinal,
  target: undefined,
  content: `words of ${clientId}`,
  isDeleted: false,
})
const send = (order: number, seqs: number[] = [order], clientId = `c${order}`) => ({
  room,
  author: ann,
  clientId,
  content: `words of ${clientId}`,
  order,
  acks: seqs.map((seq) => ({ seq, messageId: seq })),
  refusals: [] as string[],
})
const entry = (seq: number, clientId = `c${seq}`): Mark => ({
  at: "entry",
  room,
  seq,
  identity: identityOf("message", ann, clientId, undefined),
})
const since = (seq: number): Mark => ({ at: "since", room, seq })
const seen = (one: LogEntry): [number, SeenMessage] => [
  one.seq,
  { author: one.author, clientId: one.clientId, content: one.content, isDeleted: one.isDeleted },
]
const record = (entries: LogEntry[], head = entries.length, messageCount = entries.length) => ({
  id: room,
  head,
  messageCount,
  entries,
})
const view = (entries: LogEntry[], head = entries.length, fromSeq = 1) => ({
  client: "bob",
  room,
  fromSeq,
  head,
  messages: new Map(entries.map(seen)),
})

/** Three messages, sent, acked, stored, heard and shown. */
function honest(): Pieces {
  const entries = [message(1), message(2), message(3)]
  return {
    sends: [send(1), send(2), send(3)],
    changes: [],
    connections: [{ client: "bob", marks: [since(0), entry(1), entry(2), entry(3)] }],
    views: [view(entries)],
    log: [record(entries)],
  }
}

/** The honest run with an edit of message 1 at seq 4. */
function edited(content: string): Pieces {
  const entries = [
    { ...message(1), content },
    message(2),
    message(3),
    { ...message(4), kind: "edit", clientId: undefined, ordinal: undefined, target: 1, content: "" },
  ]
  const change = { room, kind: "edit" as const, target: 1, content: "new words", ackSeqs: [4], refusals: [] }
  return {
    ...honest(),
    changes: [change],
    log: [record(entries, 4, 3)],
    views: [view(entries.slice(0, 3), 4)],
  }
}

const heard = (marks: Mark[]): Pieces => ({ ...honest(), connections: [{ client: "bob", marks }] })
const counts = (pieces: Pieces) =>
  Object.fromEntries(Object.entries(check(pieces).faults).filter(([, count]) => count > 0))

test("an honest run has no fault", () => {
  expect(counts(honest())).toEqual({})
  expect(counts(edited("new words"))).toEqual({})
})

test("a reconnect, a gap that was told, and a room that is live before the others are no faults", () => {
  const gap: Mark = { at: "gap", room, from: 1, to: 2 }
  expect(counts(heard([since(0), gap, entry(3)]))).toEqual({})
  expect(counts(heard([since(1), entry(2), entry(3), { at: "live", room, head: 2 }]))).toEqual({})
  const connections = [
    { client: "bob", marks: [since(0), entry(1), entry(2)] },
    { client: "bob", marks: [since(1), entry(2), entry(3)] },
  ]
  expect(counts({ ...honest(), connections })).toEqual({})
})

test("a send that was never acked may be in the log or not", () => {
  expect(counts({ ...honest(), sends: [send(1), send(2), send(3, []), send(4, [])] })).toEqual({})
})

const cases: [FaultName, string, Pieces, number][] = [
  ["lost", "an ack for a seq that holds something else", { ...honest(), sends: [send(1, [2])] }, 1],
  ["lost", "an acked change that is not in the log", { ...edited("new words"), log: honest().log }, 1],
  [
    "duplicate",
    "one client_id at two seqs",
    { ...honest(), log: [record([message(1), message(2), message(3), message(4, "c3")])] },
    1,
  ],
  [
    "logGap",
    "a seq that is skipped",
    { ...honest(), log: [record([message(1), message(2), message(4, "c3", 3)], 4, 3)] },
    1,
  ],
  ["logGap", "a head beyond the last entry", { ...honest(), log: [record(honestEntries(), 4, 3)] }, 1],
  [
    "logGap",
    "an ordinal that is skipped",
    { ...honest(), log: [record([message(1), message(2), message(3, "c3", 4)], 3, 4)] },
    1,
  ],
  ["phantom", "heard and not stored", heard([since(0), entry(1), entry(2), entry(3, "other")]), 1],
  ["phantom", "acked and not stored", { ...honest(), sends: [send(4)] }, 1],
  ["altered", "an edit that was acked and is not shown by the log", edited("other words"), 1],
  [
    "altered",
    "stored with other words",
    { ...honest(), log: [record([{ ...message(1), content: "?" }, message(2), message(3)])] },
    1,
  ],
  [
    "divergent",
    "a view that lacks a message",
    { ...honest(), views: [view([message(1), message(3)], 3)] },
    1,
  ],
  [
    "divergent",
    "a view with one too many",
    { ...honest(), views: [view([...honestEntries(), message(9)], 3)] },
    1,
  ],
  [
    "divergent",
    "a view with other words",
    { ...honest(), views: [view([{ ...message(1), content: "?" }, message(2), message(3)])] },
    1,
  ],
  ["divergent", "a view that stayed behind", { ...honest(), views: [view([message(1), message(2)], 2)] }, 1],
  ["receiverGap", "a seq that was skipped", heard([since(0), entry(1), entry(3)]), 1],
  ["receiverGap", "a replay that begins too late", heard([since(0), entry(2), entry(3)]), 1],
  [
    "receiverGap",
    "a head beyond what was told",
    heard([since(0), entry(1), { at: "live", room, head: 3 }]),
    1,
  ],
  [
    "receiverGap",
    "a gap that is larger than told",
    heard([since(0), { at: "gap", room, from: 2, to: 3 }]),
    1,
  ],
  ["receiverRepeat", "a seq that came twice", heard([since(0), entry(1), entry(2), entry(2), entry(3)]), 1],
  ["receiverReorder", "a seq from before the beginning", heard([since(2), entry(1), entry(3)]), 1],
  ["twoSeqs", "one client_id with two acks", { ...honest(), sends: [send(1), send(2), send(3, [3, 2])] }, 1],
  [
    "inversion",
    "two sends stored the other way round",
    { ...honest(), sends: [send(1, [2], "c2"), send(2, [1], "c1"), send(3)] },
    1,
  ],
]

function honestEntries(): LogEntry[] {
  return [message(1), message(2), message(3)]
}

for (const [name, what, pieces, count] of cases)
  test(`${name}: ${what}`, () => expect(check(pieces).faults[name]).toBe(count))

test("a send that was refused may be overtaken", () => {
  const refused = { ...send(1, [2], "c2"), refusals: ["unavailable"] }
  expect(counts({ ...honest(), sends: [refused, send(2, [1], "c1"), send(3)] })).toEqual({})
})

test("there is a case for every fault", () => {
  expect([...new Set(cases.map(([name]) => name))].sort()).toEqual([...faultNames].sort())
})
