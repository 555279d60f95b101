import { cursor, isUuid, slug } from "@klatch/protocol"
import type { Server } from "bun"
import type { Budgets } from "../../auth/budgets.ts"
import { claimsOf, type Identity } from "../../auth/identity.ts"
import type { Revocations } from "../../auth/revocations.ts"
import { AppError } from "../../lib/app-error.ts"
import { errorResponse } from "../../lib/http-error.ts"
import type { Gateway } from "./gateway.ts"
import { type Session, stranger } from "./session.ts"

export interface UpgradeOptions {
  readonly gateway: Gateway
  readonly identity: Identity
  readonly revocations: Revocations
  readonly budgets: Budgets
  readonly corsOrigins: readonly string[]
  readonly trustProxy: boolean
  /** Undefined when one more connection fits; else why not. */
  readonly refusal: () => AppError | undefined
  readonly onError: (error: unknown) => AppError
}

export const SUBPROTOCOL = "klatch.v1"

/** The two doors of the socket. */
export const isSocketPath = (path: string): boolean => path === "/ws" || path === "/chat"

/** Answers an upgrade request: undefined once it is a socket, else why it is not. Never rejects. */
export async function upgrade(
  request: Request,
  url: URL,
  server: Server<Session>,
  options: UpgradeOptions,
  address: string,
): Promise<Response | undefined> {
  try {
    options.budgets.spendConnect(address)
    requireOrigin(request, url, options)
    const claims = claimsOf(url, request.headers)
    const roomRef = roomRefOf(url)
    const since = sinceOf(url)
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      // A browser cannot see why a socket was refused: asked plainly, this door tells what is wrong with the request.
      if (claims.kind !== "ticket") await options.identity.named(claims)
      throw new AppError("upgrade_required", "Open this address with a WebSocket.")
    }
    const refusal = options.refusal()
    if (refusal) throw refusal
    const { mark } = options.revocations
    const principal = (await options.identity.namedOrGuest(claims)) ?? stranger
    const session = await options.gateway.prepare({
      principal,
      address: options.trustProxy ? address : undefined,
      mark,
      roomRef,
      since,
      isAuto: url.searchParams.get("subscribe") !== "none",
      isPlainText: url.pathname === "/chat",
    })
    const wantsOurs = request.headers
      .get("sec-websocket-protocol")
      ?.split(",")
      .some((p) => p.trim() === SUBPROTOCOL)
    const headers = wantsOurs ? { "sec-websocket-protocol": SUBPROTOCOL } : {}
    if (server.upgrade(request, { data: session, headers })) return undefined
    options.gateway.abandon(session)
    throw new AppError("upgrade_required", "This WebSocket handshake is not complete.")
  } catch (error) {
    return errorResponse(options.onError(error))
  }
}

/** The room that rides along, as a slug or an id. Rooms of five systems' users: blanks and capitals are folded. */
function roomRefOf(url: URL): string | undefined {
  const given = url.searchParams.get("room_id") ?? url.searchParams.get("room") ?? url.searchParams.get("r")
  if (given === null || given === "") return undefined
  if (isUuid(given)) return given.toLowerCase()
  const checked = slug.safeParse(given.trim().replace(/\s+/g, "-"))
  if (!checked.success) throw new AppError("invalid_field", "room: must be 1..64 of a-z, 0-9, _ and -")
  return checked.data
}

/** Where the room that rides along is taken up again. */
function sinceOf(url: URL): number | undefined {
  const given = url.searchParams.get("since")
  if (given === null || given === "") return undefined
  const checked = cursor.safeParse(/^\d+$/.test(given) ? Number(given) : given)
  if (!checked.success) throw new AppError("invalid_field", "since: must be a seq, or 0")
  return checked.data
}

/** Whether a page of `origin` is of this server, as the request reached it, or listed. */
export const isOwnPage = (
  request: Request,
  origin: string,
  { corsOrigins, trustProxy }: Pick<UpgradeOptions, "corsOrigins" | "trustProxy">,
): boolean => isAllowedOrigin(origin, ownHost(request, new URL(request.url), trustProxy), corsOrigins)

/** Browsers say where a page is from: it must be this server, or listed. Others say nothing. */
export function requireOrigin(
  request: Request,
  url: URL,
  options: Pick<UpgradeOptions, "corsOrigins" | "trustProxy">,
): void {
  const origin = request.headers.get("origin")
  if (
    origin === null ||
    isAllowedOrigin(origin, ownHost(request, url, options.trustProxy), options.corsOrigins)
  )
    return
  throw new AppError("origin_refused", "This origin may not connect; add it to CORS_ORIGINS.")
}

/** Whether a page of `origin` may speak to a server that is reached as `host`. */
export function isAllowedOrigin(origin: string, host: string, corsOrigins: readonly string[]): boolean {
  if (corsOrigins.includes("*") || corsOrigins.includes(origin)) return true
  return (origin === `http://${host}` || origin === `https://${host}`) && host !== ""
}

const ownHost = (request: Request, url: URL, trustProxy: boolean) =>
  (
    (trustProxy && request.headers.get("x-forwarded-host")) ||
    request.headers.get("host") ||
    url.host
  ).toLowerCase()
