import { type Client, KlatchError, type RoomInfo } from "@klatch/client"
import { redeemInvite } from "@klatch/client/moderation"

/** An invitation that someone came with. */
export interface Invitation {
  readonly code: string
  /** Why it did not let them in; null while it is not known. */
  readonly error: KlatchError | null
}

/** Comes in by a code: the room, or why not. A code that is no code is one that is not good. */
export async function comeIn(client: Client, code: string): Promise<RoomInfo | KlatchError> {
  try {
    return await redeemInvite(client, code)
  } catch (thrown) {
    if (!(thrown instanceof KlatchError)) return new KlatchError("internal", String(thrown))
    return thrown.code === "invalid_field" ? new KlatchError("not_found", thrown.message) : thrown
  }
}
