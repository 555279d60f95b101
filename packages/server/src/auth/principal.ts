import type { User } from "@klatch/protocol"

/** Who is asking. */
export interface Principal {
  readonly user: User
}
