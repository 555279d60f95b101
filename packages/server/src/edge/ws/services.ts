import type { Audit } from "../../auth/audit.ts"
import type { Users } from "../../auth/users.ts"
import type { Members, RoomInfo } from "../../chat/members/members.ts"
import type { Messages } from "../../chat/messages/messages.ts"
import type { Receipts } from "../../chat/receipts/receipts.ts"
import type { RoomDirectory } from "../../chat/rooms/room-directory.ts"
import type { Rooms } from "../../chat/rooms/rooms.ts"
import type { Bus } from "../../cluster/bus.ts"
import type { Clock } from "../../lib/clock.ts"
import type { Delivery } from "../../live/delivery.ts"
import type { Events } from "../../observe/events.ts"
import type { Session } from "./session.ts"

/** What the frames of a connection act on. */
export interface Services {
  readonly users: Users
  readonly audit: Audit
  readonly rooms: Rooms
  readonly members: Members
  readonly messages: Messages
  readonly receipts: Receipts
  readonly directory: RoomDirectory
  readonly delivery: Delivery<RoomInfo>
  readonly bus: () => Bus
  readonly clock: Clock
  readonly events: Events
  readonly newId: () => string
  /** In open mode a name is made by naming it. */
  readonly isOpen: boolean
  /** Makes the session that of the token's user, or renews it. Rejects with `unauthorized` or `forbidden`. */
  readonly authenticate: (session: Session, token: string, ref: string | undefined) => Promise<void>
}
