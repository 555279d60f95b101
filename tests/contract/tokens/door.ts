import { RawSocket, upgradeRequest } from "../../conformance/raw-socket.ts"
import type { Target } from "../../conformance/target.ts"
import { until } from "../../harness/until.ts"

/** What came of a token: what the server called its bearer, or why it did not. */
export interface Outcome {
  readonly username?: string
  readonly refused?: string
}

/** A way to show a token. Every byte of it is sent as it is, also what no HTTP library would send. */
export type Door = (at: Target, token: string) => Promise<Outcome>

const hostOf = ({ url }: Target) => new URL(url).host

/** `Authorization: Bearer` on an HTTP request. */
export const byHeader: Door = async (at, token) => {
  const raw = await RawSocket.open(at)
  raw.write(
    `GET /me HTTP/1.1\r\nHost: ${hostOf(at)}\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`,
  )
  await raw.waits(() => raw.isEnded, 20_000)
  raw.end()
  const status = raw.text.slice(9, 12)
  if (status !== "200") return { refused: status }
  return { username: (JSON.parse(raw.text.split("\r\n\r\n")[1] as string) as { username: string }).username }
}

/** `?token=` of a socket. */
export const byAddress: Door = (at, token) => knock(at, `token=${encodeURIComponent(token)}`)

/** What a socket's door says to this query, with these lines among the headers. */
export async function knock(at: Target, query: string, headers = ""): Promise<Outcome> {
  const raw = await RawSocket.open(at)
  raw.write(upgradeRequest(`/ws?${query}`, hostOf(at), headers))
  await raw.waits(() => raw.isEnded || raw.texts().length > 0 || isRefusal(raw.text), 20_000)
  const hello = raw.texts()[0]
  raw.end()
  if (hello === undefined) return { refused: raw.text.slice(9, 12) }
  return { username: (JSON.parse(hello) as { user: { username: string } }).user.username }
}

const isRefusal = (text: string) => text.includes("\r\n\r\n") && !text.startsWith("HTTP/1.1 101")

/** An `auth` frame of somebody who has not said yet who they are. */
export const byFrame: Door = async (at, token) => {
  const socket = new WebSocket(`${at.wsUrl}/ws`)
  const heard: { type: string; code?: string; user?: { username: string } }[] = []
  let closed: number | undefined
  socket.onmessage = ({ data }) => heard.push(JSON.parse(String(data)))
  socket.onclose = ({ code }) => {
    closed = code
  }
  socket.onopen = () => socket.send(JSON.stringify({ type: "auth", token }))
  await until("an answer to the auth frame", () => heard.length > 0 || closed !== undefined)
  socket.close()
  const [first] = heard
  if (first?.type === "hello") return { username: first.user?.username ?? "" }
  return { refused: first?.code ?? String(closed) }
}

export const doors = { byHeader, byAddress, byFrame } as const
