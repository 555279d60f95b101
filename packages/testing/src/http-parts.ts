import { historyFrame, type User, uuid } from "@klatch/protocol"
import type { Directory } from "./directory.ts"
import type { Invitations } from "./invitations.ts"
import type { Moderation } from "./moderation.ts"
import { checked, Refusal } from "./refusal.ts"

/** A request as the routes see it. */
export interface HttpRequest {
  readonly method: string
  /** Behind the server's prefix. */
  readonly path: string
  readonly query: URLSearchParams
  /** The body's text; null without one. */
  readonly body: string | null
  /** Null for someone without a name, who is a member of nothing. */
  readonly asker: User | null
}

/** What is answered. */
export interface Answer {
  readonly status: number
  readonly body: unknown
}

/** What requests act on. */
export interface HttpServices {
  readonly directory: Directory
  readonly moderation: Moderation
  readonly invitations: Invitations
}

/** Answers one address; `ref` and `rest` are what its pattern holds. */
export type Route = (services: HttpServices, request: HttpRequest, ref: string, rest: string) => Answer

/** Addresses, by method and pattern. */
export type Routes = readonly (readonly [method: string, path: RegExp, route: Route])[]

/** Whoever has no name. */
export const nobody: User = {
  id: "00000000-0000-0000-0000-000000000000",
  username: "nobody",
  display_name: "nobody",
}

export const ok = (body: unknown, status = 200): Answer => ({ status, body })
export const done: Answer = { status: 204, body: null }

/** Who asks. Throws when nobody says so. */
export function named(asker: User | null): User {
  if (!asker) throw new Refusal("unauthorized", "Say who you are: add ?user=NAME to the address.")
  return asker
}

/** The first of those that come after another. */
export function pageOf<T>(all: readonly T[], isAfter: (one: T) => boolean, limit: number) {
  const rest = all.filter(isAfter)
  return { items: rest.slice(0, limit), has_more: rest.length > limit }
}

/** A page of what is in the order of ids. */
export const window = (query: URLSearchParams) => ({
  after: checked(uuid.optional(), query.get("after") ?? undefined, "after"),
  limit: limitOf(query),
})

/** How many are asked for. */
export function limitOf(query: URLSearchParams): number {
  const given = query.get("limit")
  return checked(historyFrame.shape.limit, given === null ? undefined : Number(given), "limit")
}

/** The body, which must be an object. */
export function object({ body }: HttpRequest): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(body ?? "")
  } catch {
    throw new Refusal("bad_json")
  }
  if (typeof value !== "object" || value === null)
    throw new Refusal("invalid_field", "body: must be an object")
  return value as Record<string, unknown>
}
