import { Peer } from "../../tests/harness/peer.ts"

/** A room with its messages in it. */
export interface FilledRoom {
  readonly slug: string
  readonly messages: number
  /** Message ids run up to here; those of joins are among them. */
  readonly head: number
  /** The text of its newest message. */
  readonly newest: string
}

const connectionsMax = 20
const inFlightMax = 100
const fillMsMax = 120_000

/** Of very different heights, as messages are: one line, several, and long ones that wrap. */
export function contentOf(number: number): string {
  if (number % 7 === 0)
    return [`message ${number}`, ...Array.from({ length: number % 5 }, (_, i) => `line ${i}`)].join("\n")
  if (number % 11 === 0) return `message ${number} ${"with a long story to tell ".repeat(number % 40)}`
  return `message ${number}, short`
}

/** Writes `count` messages into a room by many connections at once. Rejects when one of them is refused. */
export async function fillRoom(wsUrl: string, slug: string, count: number): Promise<FilledRoom> {
  const writers = Math.min(connectionsMax, Math.ceil(count / inFlightMax))
  let next = 1
  const takeNumber = () => (next < count ? next++ : null)
  await Promise.all(
    Array.from({ length: writers }, (_, i) =>
      writeAll(`${wsUrl}/ws?user=writer-${i}&room=${slug}`, slug, takeNumber),
    ),
  )
  await using last = await Peer.connect(wsUrl, `/ws?user=writer-0&room=${slug}`)
  const newest = `the newest of ${count}`
  const ack = await last.ask({ type: "message", room_id: slug, content: newest })
  if (ack.type !== "ack") throw new Error(`${slug} was not filled: ${JSON.stringify(ack)}`)
  return { slug, messages: count, head: Number(ack.seq), newest }
}

/** One connection that keeps its share of messages under way until there are no more numbers. */
function writeAll(url: string, slug: string, takeNumber: () => number | null): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const socket = new WebSocket(url)
  let unanswered = 0
  const more = () => {
    while (unanswered < inFlightMax) {
      const number = takeNumber()
      if (number === null) break
      unanswered++
      const frame = { type: "message", room_id: slug, content: contentOf(number), ref: "w" }
      socket.send(JSON.stringify(frame))
    }
    if (unanswered === 0) resolve()
  }
  const timer = setTimeout(() => reject(new Error(`${slug} was not filled in time`)), fillMsMax)
  socket.onmessage = ({ data }) => {
    const text = String(data)
    if (text.includes('"type":"hello"')) return more()
    // Most of what comes is what the others write: looked at as text, for it is a lot.
    if (!text.includes('"ref":"w"')) return
    if (text.includes('"type":"error"')) return reject(new Error(`${slug} was not filled: ${text}`))
    unanswered--
    more()
  }
  socket.onclose = ({ code }) => reject(new Error(`closed with ${code} while ${slug} was being filled`))
  return promise.finally(() => {
    clearTimeout(timer)
    socket.onclose = null
    socket.close()
  })
}
