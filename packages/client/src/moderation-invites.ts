import type { Role } from "@klatch/protocol"
import type { Client } from "./client.ts"
import { pageAfter, pathOf } from "./moderation-watch.ts"
import type { RoomInfo } from "./room-info.ts"

/** A way in for whoever has its code. */
export interface Invite {
  readonly id: string
  readonly room_id: string
  /** What it makes of whoever accepts it. */
  readonly role: Role
  /** The id of who made it. */
  readonly created_by: string
  readonly created_at: string
  readonly expires_at: string
  /** How often it was used. */
  readonly uses: number
  readonly uses_max: number
}

/** What `create` takes. */
export interface NewInvite {
  /** For how long, in seconds; a week without. */
  readonly expiresInS?: number
  /** How many may come in; one without. */
  readonly usesMax?: number
  readonly role?: "member" | "reader"
}

/** A room's invitations. Everything rejects with a `KlatchError`: `forbidden`, `not_found`. */
export interface Invites {
  /** The code is told this once: the server keeps a hash of it. */
  create(options?: NewInvite): Promise<Invite & { readonly code: string }>
  /** A page of at most 100 that can still be used, in the order of their ids, after the id `after`. */
  list(after?: string): Promise<{ readonly invites: readonly Invite[]; readonly has_more: boolean }>
  /** Nobody comes in by it any more. */
  revoke(id: string): Promise<void>
}

/** The invitations of a room, by its id. */
export function invites(client: Client, roomId: string): Invites {
  const path = `${pathOf(roomId)}/invites`
  return {
    create: ({ expiresInS, usesMax, role } = {}) =>
      client.request("POST", path, { expires_in_s: expiresInS, uses_max: usesMax, role }),
    list: (after) => client.request("GET", pageAfter(path, after)),
    async revoke(id) {
      await client.request("DELETE", `${path}/${id}`)
    },
  }
}

/**
 * Comes in by an invitation; answers the room, of which one is a member now. Rejects with a `KlatchError`: `not_found`
 * when it does not exist, or not any more; `forbidden` when one is banned there, or the room is archived.
 */
export const redeemInvite = (client: Client, code: string): Promise<RoomInfo> =>
  client.request("POST", `/invites/${encodeURIComponent(code)}/accept`)
