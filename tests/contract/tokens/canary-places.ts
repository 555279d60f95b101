import { ask } from "../../conformance/answer.ts"
import { RawSocket, upgradeRequest } from "../../conformance/raw-socket.ts"
import type { Target } from "../../conformance/target.ts"
import type { Canaries } from "./canary.ts"
import type { Issuer } from "./issuer.ts"
import { encode } from "./jws.ts"
import { Line } from "./line.ts"

/** What is at hand for putting canaries somewhere. */
export interface Scene {
  readonly at: Target
  readonly canaries: Canaries
  readonly issuer: Issuer
  readonly access: string
  readonly username: string
}

/** Puts canaries somewhere and answers all that the server said to it. */
export type Place = (scene: Scene) => Promise<string[]>

/** What a token may look like around a canary. */
const shapes: ((scene: Scene) => string)[] = [
  ({ canaries }) => canaries.next(),
  ({ canaries }) => `${canaries.next()}.${canaries.next()}.${canaries.next()}`,
  ({ canaries }) => `${encode({ alg: "none", kid: canaries.next() })}.${encode({ sub: "x" })}.AAAA`,
  ({ canaries }) => `${encode({ alg: "HS256" })}.${encode({ sub: "x" })}.${canaries.next(43)}`,
  ({ canaries }) =>
    `${encode({ alg: "RS256", kid: "x" })}.${encode({ sub: canaries.next() })}.${canaries.next()}`,
  ({ canaries }) => `${encode({ alg: "HS256" })}.${encode({ iss: "klatch", jti: canaries.next() })}.AAAA`,
  ({ canaries, issuer }) => issuer.sign("HS256", issuer.claims({ jti: canaries.next(), exp: 1 })),
  ({ canaries, issuer }) => issuer.sign("HS256", issuer.claims({ aud: canaries.next() })),
  ({ canaries, issuer }) => issuer.sign("HS256", issuer.claims({ jti: canaries.next(), sub: "believed" })),
  ({ canaries }) => `klr_${canaries.next(36)}.${canaries.next(43)}`,
  ({ canaries }) => `klk_${canaries.next(43)}`,
  ({ canaries }) => canaries.next(43),
  ({ canaries }) => `${canaries.next()}\u00e9`,
  ({ canaries }) => canaries.next().repeat(400),
]

const raw: (scene: Scene, request: string) => Promise<string[]> = async ({ at }, request) => {
  const socket = await RawSocket.open(at)
  socket.write(request)
  await socket.waits(() => socket.isEnded || isWhole(socket.text), 20_000)
  socket.end()
  return [socket.text]
}
/** Whether an answer with its body is there; a socket's has none. */
function isWhole(text: string): boolean {
  const [head, ...body] = text.split("\r\n\r\n")
  const length = Number(/^content-length: (\d+)/im.exec(head ?? "")?.[1] ?? 0)
  return body.length > 0 && body.join("\r\n\r\n").length >= length
}
const get = (path: string, ...headers: string[]) =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers.map((line) => `${line}\r\n`).join("")}\r\n`

/** A token of each shape, in the place that `put` has for it. */
const each =
  (put: (scene: Scene, token: string) => Promise<string[]>): Place =>
  async (scene) =>
    (await Promise.all(shapes.map((shape) => put(scene, shape(scene))))).flat()

const post = async ({ at }: Scene, path: string, asking: object) => {
  const answer = await ask(`POST ${path}`, { at, ...asking })
  return [answer.text, JSON.stringify([...answer.headers])]
}

async function told({ at }: Scene, frames: readonly string[]): Promise<string[]> {
  await using line = await Line.open(at, "/ws")
  for (const frame of frames) line.send(frame)
  await line.ask({ type: "ping" }).catch(() => {})
  return line.heard.map((frame) => JSON.stringify(frame))
}

/** Where a token may stand over HTTP and in addresses. */
const requests: Record<string, Place> = {
  bearer: each((scene, token) => raw(scene, get("/me", `Authorization: Bearer ${token}`))),
  "other schemes": each((scene, token) => raw(scene, get("/rooms", `Authorization: Basic ${token}`))),
  "no scheme": each((scene, token) => raw(scene, get("/rooms", `Authorization: ${token}`))),
  "other headers": each((scene, token) =>
    raw(
      scene,
      get("/me", `Cookie: token=${token}`, `X-Api-Key: ${token}`, `Proxy-Authorization: Bearer ${token}`),
    ),
  ),
  "?token=": each((scene, token) =>
    raw(scene, upgradeRequest(`/ws?token=${encodeURIComponent(token)}`, "x")),
  ),
  "?token= on /chat": each((scene, token) =>
    raw(scene, upgradeRequest(`/chat?r=den&token=${encodeURIComponent(token)}`, "x")),
  ),
  "?token= over HTTP": each((scene, token) => raw(scene, get(`/rooms?token=${encodeURIComponent(token)}`))),
  "?token= asked plainly": each((scene, token) => raw(scene, get(`/ws?token=${encodeURIComponent(token)}`))),
  "?ticket=": each((scene, token) =>
    raw(scene, upgradeRequest(`/ws?ticket=${encodeURIComponent(token)}`, "x")),
  ),
  "?ticket= over HTTP": each((scene, token) => raw(scene, get(`/me?ticket=${encodeURIComponent(token)}`))),
  "?user=": each((scene, token) => raw(scene, get(`/me?user=${encodeURIComponent(token)}`))),
  "a room that is a token": each((scene, token) =>
    raw(scene, upgradeRequest(`/ws?token=${scene.access}&room_id=${encodeURIComponent(token)}`, "x")),
  ),
  subprotocol: each((scene, token) =>
    raw(scene, upgradeRequest("/ws", "x", `Sec-WebSocket-Protocol: klatch.v1, ${token}\r\n`)),
  ),
  path: each((scene, token) => raw(scene, get(`/ws/${encodeURIComponent(token)}`))),
  invite: each((scene, token) =>
    post(scene, `/invites/${encodeURIComponent(token)}/accept`, {
      headers: { authorization: `Bearer ${scene.access}` },
    }),
  ),
}

/** Where a token may stand in a body. */
const bodies: Record<string, Place> = {
  refresh: each((scene, token) => post(scene, "/auth/refresh", { body: { refresh_token: token } })),
  "refresh, other field": each((scene, token) => post(scene, "/auth/refresh", { body: { [token]: token } })),
  "refresh, other type": each((scene, token) =>
    post(scene, "/auth/refresh", { body: { refresh_token: [{ [token]: token }] } }),
  ),
  "refresh, no JSON": each((scene, token) =>
    post(scene, "/auth/refresh", {
      raw: `{"refresh_token":"${token}`,
      headers: { "content-type": "application/json" },
    }),
  ),
  "refresh, no type": each((scene, token) =>
    post(scene, "/auth/refresh", { raw: token, headers: { "content-type": token.replace(/[^\w.-]/g, "") } }),
  ),
  logout: each((scene, token) => post(scene, "/auth/logout", { body: { refresh_token: token } })),
  "logout, other field": each((scene, token) => post(scene, "/auth/logout", { body: { everywhere: token } })),
}

/** Where a token may stand in a frame. */
const frames: Record<string, Place> = {
  auth: each((scene, token) => told(scene, [JSON.stringify({ type: "auth", token })])),
  "auth, other type": each((scene, token) =>
    told(scene, [JSON.stringify({ type: "auth", token: { [token]: token } })]),
  ),
  "auth, no JSON": each((scene, token) => told(scene, [`{"type":"auth","token":"${token}`, token])),
  "auth, other field": each((scene, token) =>
    told(scene, [JSON.stringify({ type: "auth", access_token: token }), JSON.stringify({ type: token })]),
  ),
  "auth, ref": each((scene, token) => told(scene, [JSON.stringify({ type: "auth", token, ref: [token] })])),
}

/** Passwords: few, since each costs a hash. */
export const passwordPlaces: Record<string, Place> = {
  login: async (scene) =>
    (
      await Promise.all(
        [scene.username, "nobody-here", "x".repeat(33), "a b", ""].flatMap((username) =>
          [
            scene.canaries.next(),
            scene.canaries.next(257),
            `${scene.canaries.next()}\0`,
            [scene.canaries.next()],
          ].map((password) => post(scene, "/auth/login", { body: { username, password } })),
        ),
      )
    ).flat(),
  "sign-up": async (scene) =>
    (
      await Promise.all(
        ["canary-1", "canary-2", scene.username, "?", "canary-2"].map((username) =>
          post(scene, "/auth/signup", { body: { username, password: scene.canaries.next() } }),
        ),
      )
    )
      .flat()
      .filter((text) => text.includes(`"error"`)),
  "new password": async (scene) =>
    (
      await Promise.all(
        [scene.canaries.next(), "short", scene.canaries.next(300)].map((old_password) =>
          post(scene, "/auth/password", {
            body: { old_password, password: scene.canaries.next() },
            headers: { authorization: `Bearer ${scene.access}` },
          }),
        ),
      )
    ).flat(),
}

export const places: Record<string, Place> = { ...requests, ...bodies, ...frames }
