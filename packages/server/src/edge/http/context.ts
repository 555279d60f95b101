import { claimsOf, type OpenIdentity } from "../../auth/identity.ts"
import type { Principal } from "../../auth/principal.ts"
import type { Users } from "../../auth/users.ts"
import type { Members } from "../../chat/members/members.ts"
import type { Messages } from "../../chat/messages/messages.ts"
import type { Rooms } from "../../chat/rooms/rooms.ts"
import { AppError } from "../../lib/app-error.ts"
import type { Events } from "../../observe/events.ts"
import type { Metrics } from "../../observe/metrics.ts"

/** What the routes act on. */
export interface HttpServices {
  readonly users: Users
  readonly rooms: Rooms
  readonly members: Members
  readonly messages: Messages
  readonly identity: OpenIdentity
  readonly events: Events
  readonly metrics: Metrics
  /** Undefined when this node can serve; else what it waits for. */
  readonly notReady: () => Promise<string | undefined>
  /** The AppError to tell of a failure; what is ours is logged. */
  readonly toldAs: (error: unknown) => AppError
}

/** Who reads: the named user, or someone without a name, who is a member of nothing. */
export async function reader(services: HttpServices, request: Request): Promise<Principal> {
  const named = await services.identity.named(claimsOf(new URL(request.url), request.headers))
  return named ?? nobody
}

/** Who writes: a name is needed. Rejects with `unauthorized`. */
export async function writer(services: HttpServices, request: Request): Promise<Principal> {
  const named = await services.identity.named(claimsOf(new URL(request.url), request.headers))
  if (!named) throw new AppError("unauthorized", "Say who you are: add ?user=NAME to the address.")
  return named
}

const nobody: Principal = {
  user: { id: "00000000-0000-0000-0000-000000000000", username: "nobody", display_name: "nobody" },
}
