import type { Change, ConnectionJournal, Evidence, LogEntry, RoomRecord, Send, View } from "./journal.ts"
import { identityOf } from "./journal.ts"

/** Every way in which a promise can be broken. All must be 0. */
export const faultNames = [
  /** Acked, but not in the log at that seq. */
  "lost",
  /** One client_id stored twice. */
  "duplicate",
  /** A seq, or a message's ordinal, that the log skips or has twice; or a head that is not the last seq. */
  "logGap",
  /** Heard or acked, but not in the log. */
  "phantom",
  /** Stored with words other than those last acked. */
  "altered",
  /** A client's view of a room is not the log. */
  "divergent",
  /** A connection was not told a seq, in its turn or at all. */
  "receiverGap",
  /** A connection was told a seq twice. */
  "receiverRepeat",
  /** A connection was told a seq after a later one. */
  "receiverReorder",
  /** One client_id acked with two seqs. */
  "twoSeqs",
  /** Two sends of one sender in one room stored in the other order. */
  "inversion",
] as const
export type FaultName = (typeof faultNames)[number]

export interface Verdict {
  readonly faults: Readonly<Record<FaultName, number>>
  /** The first of each fault, in words. */
  readonly samples: readonly string[]
}

const SAMPLES_PER_FAULT_MAX = 5

/** Compares what everyone remembers with what the database holds. Knows nothing of the server. */
export function check(evidence: Evidence): Verdict {
  const faults = Object.fromEntries(faultNames.map((name) => [name, 0])) as Record<FaultName, number>
  const samples: string[] = []
  const tell: Tell = (name, text) => {
    faults[name]++
    if (faults[name] <= SAMPLES_PER_FAULT_MAX) samples.push(`${name}: ${text}`)
  }
  const index = indexOf(evidence.log)
  for (const room of evidence.log) checkRoom(room, tell)
  checkStoredOnce(evidence.log, tell)
  for (const send of evidence.sends) checkSend(send, index, tell)
  for (const change of evidence.changes) checkChange(change, index, tell)
  checkWords(evidence, tell)
  checkOrder(evidence.sends, index, tell)
  for (const connection of evidence.connections) checkConnection(connection, index, tell)
  for (const view of evidence.views) checkView(view, index, tell)
  return { faults, samples }
}

type Tell = (name: FaultName, text: string) => void

interface Index {
  readonly rooms: ReadonlyMap<string, { readonly record: RoomRecord; readonly bySeq: Map<number, LogEntry> }>
  /** Seqs by room, author and client_id. */
  readonly placed: ReadonlyMap<string, number>
}

const placeKey = (room: string, author: string, clientId: string) => `${room} ${author} ${clientId}`
const entryIdentity = (entry: LogEntry) =>
  identityOf(entry.kind, entry.author, entry.clientId, entry.kind === "message" ? undefined : entry.target)

function indexOf(log: readonly RoomRecord[]): Index {
  const placed = new Map<string, number>()
  const rooms = new Map<string, { record: RoomRecord; bySeq: Map<number, LogEntry> }>()
  for (const record of log) {
    const bySeq = new Map<number, LogEntry>()
    for (const entry of record.entries) {
      bySeq.set(entry.seq, entry)
      if (entry.clientId === undefined) continue
      const key = placeKey(record.id, entry.author, entry.clientId)
      if (!placed.has(key)) placed.set(key, entry.seq)
    }
    rooms.set(record.id, { record, bySeq })
  }
  return { rooms, placed }
}

function checkRoom(room: RoomRecord, tell: Tell): void {
  let seq = 0
  let ordinal = 0
  for (const entry of room.entries) {
    if (entry.seq !== seq + 1) tell("logGap", `room ${room.id}: seq ${entry.seq} follows ${seq}`)
    seq = entry.seq
    if (entry.ordinal === undefined) continue
    if (entry.ordinal !== ordinal + 1)
      tell("logGap", `room ${room.id}: ordinal ${entry.ordinal} at seq ${seq} follows ${ordinal}`)
    ordinal = entry.ordinal
  }
  if (room.head !== seq) tell("logGap", `room ${room.id}: head ${room.head}, last seq ${seq}`)
  if (room.messageCount !== ordinal)
    tell("logGap", `room ${room.id}: ${room.messageCount} messages, last ordinal ${ordinal}`)
}

function checkStoredOnce(log: readonly RoomRecord[], tell: Tell): void {
  const seen = new Set<string>()
  for (const room of log)
    for (const { author, clientId, seq } of room.entries) {
      if (clientId === undefined) continue
      const key = `${author} ${clientId}`
      if (seen.has(key)) tell("duplicate", `room ${room.id}: client_id ${clientId} again at seq ${seq}`)
      seen.add(key)
    }
}

function checkSend(send: Send, { rooms, placed }: Index, tell: Tell): void {
  const seqs = new Set(send.acks.map((ack) => ack.seq))
  if (seqs.size > 1) tell("twoSeqs", `client_id ${send.clientId} acked at ${[...seqs].join(" and ")}`)
  for (const ack of send.acks) {
    const entry = rooms.get(send.room)?.bySeq.get(ack.seq)
    const isThere =
      entry?.kind === "message" && entry.author === send.author && entry.clientId === send.clientId
    if (!isThere || ack.messageId !== ack.seq)
      tell("lost", `room ${send.room}: client_id ${send.clientId} acked at ${ack.seq}, not there`)
    if (!placed.has(placeKey(send.room, send.author, send.clientId)))
      tell("phantom", `room ${send.room}: client_id ${send.clientId} acked, nowhere in the log`)
  }
}

function checkChange(change: Change, { rooms }: Index, tell: Tell): void {
  for (const seq of change.ackSeqs) {
    const entry = rooms.get(change.room)?.bySeq.get(seq)
    if (entry?.kind !== change.kind || entry.target !== change.target)
      tell("lost", `room ${change.room}: ${change.kind} of ${change.target} acked at ${seq}, not there`)
  }
}

/** A message's words are those of its last change in the log; of one not acked, those of any that was sent. */
function checkWords({ sends, changes, log }: Evidence, tell: Tell): void {
  const sent = new Map(sends.map((send) => [placeKey(send.room, send.author, send.clientId), send.content]))
  const acked = new Map<string, string>()
  const tried = new Map<string, Set<string>>()
  for (const change of changes) {
    for (const seq of change.ackSeqs) acked.set(`${change.room} ${seq}`, change.content)
    const key = `${change.room} ${change.target}`
    tried.set(key, (tried.get(key) ?? new Set()).add(change.content))
  }
  for (const room of log) {
    const last = new Map<number, LogEntry>()
    for (const entry of room.entries)
      if ((entry.kind === "edit" || entry.kind === "delete") && entry.target !== undefined)
        last.set(entry.target, entry)
    for (const entry of room.entries) {
      if (entry.kind !== "message") continue
      const change = last.get(entry.seq)
      const words = change
        ? acked.get(`${room.id} ${change.seq}`)
        : sent.get(placeKey(room.id, entry.author, entry.clientId ?? ""))
      const fits =
        words === undefined
          ? !change || tried.get(`${room.id} ${entry.seq}`)?.has(entry.content)
          : words === entry.content
      if (!fits || entry.isDeleted !== (change?.kind === "delete"))
        tell("altered", `room ${room.id}: message ${entry.seq} says "${entry.content}", not "${words}"`)
    }
  }
}

function checkOrder(sends: readonly Send[], { placed }: Index, tell: Tell): void {
  const last = new Map<string, { order: number; seq: number }>()
  const inOrder = [...sends].sort((a, b) => a.order - b.order)
  for (const send of inOrder) {
    const seq = placed.get(placeKey(send.room, send.author, send.clientId))
    if (seq === undefined || send.refusals.length > 0) continue
    const key = `${send.room} ${send.author}`
    const before = last.get(key)
    if (before && before.seq > seq)
      tell("inversion", `room ${send.room}: send ${send.order} at ${seq}, ${before.order} at ${before.seq}`)
    if (!before || before.seq < seq) last.set(key, { order: send.order, seq })
  }
}

/** Walks along what one connection was told of each room. */
function checkConnection({ client, marks }: ConnectionJournal, { rooms }: Index, tell: Tell): void {
  const walks = new Map<string, { nextSeq: number; told: Set<number> }>()
  for (const mark of marks) {
    let walk = walks.get(mark.room)
    if (!walk) {
      const nextSeq = mark.at === "live" ? mark.head + 1 : mark.at === "gap" ? mark.from : mark.seq
      walk = { nextSeq: mark.at === "since" ? nextSeq + 1 : nextSeq, told: new Set() }
      walks.set(mark.room, walk)
    }
    const where = `${client} in ${mark.room}`
    if (mark.at === "gap") {
      if (mark.from !== walk.nextSeq) tell("receiverGap", `${where}: gap ${mark.from}, not ${walk.nextSeq}`)
      walk.nextSeq = mark.to + 1
    } else if (mark.at === "live") {
      // Of many rooms resumed at once the first are live, and may go on, before the last are.
      if (mark.head >= walk.nextSeq)
        tell("receiverGap", `${where}: told up to ${walk.nextSeq - 1}, said to be ${mark.head}`)
      walk.nextSeq = Math.max(walk.nextSeq, mark.head + 1)
    } else if (mark.at === "since") {
      walk.nextSeq = mark.seq + 1
      walk.told.clear()
    } else {
      if (walk.told.has(mark.seq)) tell("receiverRepeat", `${where}: ${mark.seq} again`)
      else if (mark.seq < walk.nextSeq)
        tell("receiverReorder", `${where}: ${mark.seq} instead of ${walk.nextSeq}`)
      else if (mark.seq > walk.nextSeq)
        tell("receiverGap", `${where}: ${mark.seq} instead of ${walk.nextSeq}`)
      walk.told.add(mark.seq)
      walk.nextSeq = Math.max(walk.nextSeq, mark.seq + 1)
      const entry = rooms.get(mark.room)?.bySeq.get(mark.seq)
      if (!entry || entryIdentity(entry) !== mark.identity)
        tell("phantom", `${where}: heard ${mark.seq} "${mark.identity}", which is not in the log`)
    }
  }
}

function checkView(view: View, { rooms }: Index, tell: Tell): void {
  const known = rooms.get(view.room)
  const difference = known ? differenceOf(view, known.record) : "there is no such room"
  if (difference !== undefined) tell("divergent", `${view.client} in ${view.room}: ${difference}`)
}

/** The first thing in which a view is not the log. */
function differenceOf(view: View, record: RoomRecord): string | undefined {
  if (view.head !== record.head) return `at ${view.head}, the log at ${record.head}`
  let count = 0
  for (const entry of record.entries) {
    if (entry.kind !== "message" || entry.seq < view.fromSeq) continue
    count++
    const seen = view.messages.get(entry.seq)
    if (!seen) return `message ${entry.seq} is missing`
    if (
      seen.author !== entry.author ||
      seen.clientId !== entry.clientId ||
      seen.content !== entry.content ||
      seen.isDeleted !== entry.isDeleted
    )
      return `message ${entry.seq} differs`
  }
  return view.messages.size === count ? undefined : `${view.messages.size} messages, the log has ${count}`
}
