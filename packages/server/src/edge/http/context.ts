import type { User } from "@klatch/protocol"
import type { Context } from "hono"
import type { AccessTokens } from "../../auth/access-tokens.ts"
import type { Accounts } from "../../auth/accounts.ts"
import { type ApiKeys, isApiKey } from "../../auth/api-keys.ts"
import type { Audit } from "../../auth/audit.ts"
import type { Budgets } from "../../auth/budgets.ts"
import type { FirstAdmin } from "../../auth/first-admin.ts"
import { claimsOf, type Identity } from "../../auth/identity.ts"
import type { OidcSignIns } from "../../auth/oidc-sign-ins.ts"
import type { Principal } from "../../auth/principal.ts"
import type { Revocations } from "../../auth/revocations.ts"
import type { SignIns } from "../../auth/sign-ins.ts"
import type { Users } from "../../auth/users.ts"
import type { Invites } from "../../chat/invites/invites.ts"
import type { Members } from "../../chat/members/members.ts"
import type { Moderation } from "../../chat/members/moderation.ts"
import type { Messages } from "../../chat/messages/messages.ts"
import type { Rooms } from "../../chat/rooms/rooms.ts"
import type { Deletions } from "../../chat/user-data/deletion.ts"
import { AppError } from "../../lib/app-error.ts"
import type { Clock } from "../../lib/clock.ts"
import type { Events } from "../../observe/events.ts"
import type { Metrics } from "../../observe/metrics.ts"

/** What the routes act on. */
export interface HttpServices {
  readonly users: Users
  readonly accounts: Accounts
  readonly signIns: SignIns
  /** Undefined where people do not sign in by a provider. */
  readonly oidc: OidcSignIns | undefined
  /** Whether a page of `origin` is of this server, as the request reached it, or listed in CORS_ORIGINS. */
  readonly isOwnPage: (request: Request, origin: string) => boolean
  readonly access: AccessTokens
  readonly revocations: Revocations
  readonly keys: ApiKeys
  readonly firstAdmin: FirstAdmin
  readonly audit: Audit
  readonly rooms: Rooms
  readonly members: Members
  readonly moderation: Moderation
  readonly invites: Invites
  readonly messages: Messages
  readonly deletions: Deletions
  /** All that is kept of someone, in pieces of whole lines. */
  readonly exportOf: (user: User) => AsyncGenerator<string, void>
  readonly identity: Identity
  readonly budgets: Budgets
  readonly clock: Clock
  readonly events: Events
  readonly metrics: Metrics
  /** Undefined when this node can serve; else what it waits for. */
  readonly notReady: () => Promise<string | undefined>
  /** The AppError to tell of a failure; what is ours is logged. */
  readonly toldAs: (error: unknown) => AppError
}

/** What comes with a request beside itself. */
export interface RequestEnvironment {
  /** Where it comes from, as far as the proxies can be trusted. */
  readonly address: string
}

export const addressOf = (c: Context): string => (c.env as RequestEnvironment | undefined)?.address ?? ""

/** Who asks, if they say so. Tickets open sockets only. */
export async function asking(
  { identity, keys, budgets }: HttpServices,
  request: Request,
): Promise<Principal | undefined> {
  const claims = claimsOf(new URL(request.url), request.headers)
  if (claims.kind === "ticket")
    throw new AppError("unauthorized", "A ticket opens a WebSocket; here send Authorization: Bearer TOKEN.")
  if (claims.kind === "token" && isApiKey(claims.token))
    return keys.principalOf(claims.token, request.headers.get("klatch-as") ?? undefined)
  const named = await identity.named(claims)
  if (named) budgets.spendUser(named)
  return named
}

/** Who reads: whoever says who they are; in open mode also someone without a name, who is a member of nothing. */
export async function reader(services: HttpServices, request: Request): Promise<Principal> {
  const named = await asking(services, request)
  if (!named && !services.identity.isOpen) throw signInFirst()
  return named ?? nobody
}

/** Who writes: a name is needed. Rejects with `unauthorized`. */
export async function writer(services: HttpServices, request: Request): Promise<Principal> {
  const named = await asking(services, request)
  if (named) return named
  throw services.identity.isOpen
    ? new AppError("unauthorized", "Say who you are: add ?user=NAME to the address.")
    : signInFirst()
}

const signInFirst = () => new AppError("unauthorized", "Sign in first: send Authorization: Bearer TOKEN.")

const nobody: Principal = {
  user: { id: "00000000-0000-0000-0000-000000000000", username: "nobody", display_name: "nobody" },
}
