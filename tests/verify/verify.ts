import { delay, systemClock } from "../../packages/server/src/lib/clock.ts"
import { systemRandom } from "../../packages/server/src/lib/random.ts"
import { type Heard, Witness } from "./witness.ts"

export interface VerifyOptions {
  /** http:// or https://, with the path it is served under. */
  readonly url: string
  /** A token for everyone; without it each comes by a name, in open mode. */
  readonly token?: string | undefined
  readonly room: string
  readonly seconds: number
  readonly perSecond: number
  readonly senders: number
  readonly receivers: number
  /** Each connection is cut about so often, in s; 0: never. */
  readonly cutEveryS: number
  readonly settleS: number
}

export interface Report {
  readonly sent: number
  readonly acked: number
  readonly delivered: number
  /** Acked, and not to be found at its seq by someone. */
  readonly lost: number
  /** One client_id at two seqs, or acked twice with different seqs. */
  readonly duplicate: number
  /** A connection was told an entry after a later one, or two sends of one sender changed places. */
  readonly reordered: number
  readonly repeated: number
  /** A seq that a connection was not told in its turn. */
  readonly missed: number
  /** Two who were told different things of one seq. */
  readonly divergent: number
  readonly refused: readonly string[]
  readonly reconnects: number
  /** In ms: from the moment a send was due to its ack, and to each who heard it. */
  readonly ackMs: Percentiles
  readonly heardMs: Percentiles
}

export interface Percentiles {
  readonly count: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

interface Send {
  readonly clientId: string
  readonly content: string
  readonly sender: number
  readonly dueMs: number
  seq: number | undefined
  /** Acks that named another seq than the first. */
  others: number
}

const TICK_MS = 10
const RETRY_MS = 200
/** One send in so many is sent once more after its ack: it must get the same one. */
const REPEATED_EACH = 20

/** Talks and listens for a while, from outside and by the public contract alone, and counts every breach of it. */
export async function verify(options: VerifyOptions): Promise<Report> {
  const run = crypto.randomUUID().slice(0, 8)
  const wsUrl = options.url.replace(/\/$/, "").replace(/^http/, "ws")
  const sends = new Map<string, Send>()
  const heardMs: number[] = []
  const ackMs: number[] = []
  const refused: string[] = []
  const onHeard = ({ clientId }: Heard) => {
    const send = clientId === undefined ? undefined : sends.get(clientId)
    if (send) heardMs.push(performance.now() - send.dueMs)
  }
  const count = options.senders + options.receivers
  const witnesses = Array.from({ length: count }, (_, i) => {
    const who = options.token ? `token=${encodeURIComponent(options.token)}` : `user=verify-${run}-${i}`
    return new Witness({ wsUrl, query: who, room: options.room, random: systemRandom, onHeard })
  })
  for (const witness of witnesses) await witness.enter()

  const deliverOne = async (send: Send) => {
    const witness = witnesses[send.sender]!
    for (;;) {
      while (!witness.isLive) await delay(systemClock, TICK_MS)
      const { clientId: client_id, content } = send
      const answer = await witness.ask({ type: "message", room_id: witness.roomId, client_id, content })
      if (answer?.type === "ack") {
        if (send.seq === undefined) ackMs.push(performance.now() - send.dueMs)
        if (send.seq !== undefined && send.seq !== answer.seq) send.others++
        send.seq ??= answer.seq as number
        return
      }
      if (answer?.type !== "error") {
        await delay(systemClock, TICK_MS)
        continue
      }
      const isForLater = answer.code === "unavailable" || answer.code === "rate_limited"
      if (!isForLater) return void refused.push(`${answer.code}: ${answer.message}`)
      await delay(systemClock, (answer.retry_after_ms as number | undefined) ?? RETRY_MS)
    }
  }
  /** In the order of sending, as one who writes: the next goes when the one before it is acked. */
  const lanes = Array.from({ length: options.senders }, () => Promise.resolve())
  const startMs = performance.now()
  const total = options.seconds * options.perSecond
  for (let sent = 0; sent < total; ) {
    const nowMs = performance.now()
    for (; sent < total && startMs + (sent * 1_000) / options.perSecond <= nowMs; sent++) {
      const sender = sent % options.senders
      const clientId = `verify-${run}-${sent}`
      const dueMs = startMs + (sent * 1_000) / options.perSecond
      const send: Send = {
        clientId,
        content: `verify ${run} ${sent}`,
        sender,
        dueMs,
        seq: undefined,
        others: 0,
      }
      sends.set(clientId, send)
      lanes[sender] = lanes[sender]!.then(() => deliverOne(send))
      if (sent % REPEATED_EACH === 0) lanes[sender] = lanes[sender]!.then(() => deliverOne(send))
    }
    if (options.cutEveryS > 0)
      for (const witness of witnesses)
        if (systemRandom.float() < TICK_MS / 1_000 / options.cutEveryS) witness.cut()
    await delay(systemClock, TICK_MS)
  }
  const endMs = performance.now() + options.settleS * 1_000
  await Promise.race([Promise.all(lanes), delay(systemClock, options.settleS * 1_000)])
  const lastSeq = Math.max(0, ...[...sends.values()].map(({ seq }) => seq ?? 0))
  while (performance.now() < endMs && !witnesses.every(({ isLive, cursor }) => isLive && cursor >= lastSeq))
    await delay(systemClock, TICK_MS)
  for (const witness of witnesses) witness.leave()
  return {
    ...judged([...sends.values()], witnesses),
    refused,
    reconnects: sumOf(witnesses, "reconnects"),
    ackMs: percentilesOf(ackMs),
    heardMs: percentilesOf(heardMs),
  }
}

/** What is judged of a witness. */
type Told = Pick<Witness, "heard" | "repeated" | "reordered" | "missed" | "reconnects">

/** What everyone heard, against what was acked and against each other. */
export function judged(sends: readonly Send[], witnesses: readonly Told[]) {
  const acked = sends.filter(({ seq }) => seq !== undefined)
  let [lost, duplicate, divergent, inverted] = [0, 0, 0, 0]
  for (const send of acked) {
    duplicate += send.others
    for (const { heard } of witnesses) if (heard.get(send.seq!)?.clientId !== send.clientId) lost++
  }
  const known = new Map<number, Heard>()
  for (const { heard } of witnesses) {
    const seqs = new Map<string, number>()
    for (const entry of heard.values()) {
      const { clientId, seq } = entry
      if (clientId !== undefined && seqs.has(clientId)) duplicate++
      if (clientId !== undefined) seqs.set(clientId, seq)
      const other = known.get(seq)
      if (!other) known.set(seq, entry)
      else if (other.clientId !== clientId || other.content !== entry.content) divergent++
    }
  }
  const last = new Map<number, number>()
  for (const { sender, seq } of acked) {
    if (seq! < (last.get(sender) ?? 0)) inverted++
    last.set(sender, Math.max(seq!, last.get(sender) ?? 0))
  }
  return {
    sent: sends.length,
    acked: acked.length,
    delivered: witnesses.reduce((sum, { heard }) => sum + heard.size, 0),
    ...{ lost, duplicate, divergent },
    reordered: sumOf(witnesses, "reordered") + inverted,
    repeated: sumOf(witnesses, "repeated"),
    missed: sumOf(witnesses, "missed"),
  }
}

const sumOf = (witnesses: readonly Told[], key: "reordered" | "repeated" | "missed" | "reconnects") =>
  witnesses.reduce((sum, witness) => sum + witness[key], 0)

function percentilesOf(values: readonly number[]): Percentiles {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) }
}

/** Everything that is promised was kept, and everything that was said was answered. */
export const isClean = (report: Report): boolean =>
  report.sent === report.acked &&
  [report.lost, report.duplicate, report.reordered, report.repeated, report.missed, report.divergent].every(
    (count) => count === 0,
  )
