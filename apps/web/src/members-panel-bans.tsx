import type { Client } from "@klatch/client"
import type { Ban } from "@klatch/client/moderation"
import { useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { Avatar } from "./avatar.tsx"
import { timeUntil } from "./day.ts"
import type { RoomDesk } from "./room-desk.ts"
import { refusalOf, rights } from "./words-rights.ts"

/** Who is kept out of the room, for those who may let them back in. Nothing where nobody is. */
export function Banned({ client, desk }: { client: Client; desk: RoomDesk }) {
  const bans = useSignal<readonly Ban[]>([])
  const fault = useSignal<string | null>(null)
  const load = async () => {
    try {
      bans.value = (await desk.members.bans()).bans
    } catch {
      // The list of members above says that it could not be loaded, and loads anew.
    }
  }
  useEffect(() => {
    void load()
    return client.on("member", (event) => {
      const isKnown = bans.value.some(({ user }) => user.id === event.user_id)
      if (event.room_id === desk.roomId && (event.banned || isKnown)) void load()
    })
  }, [desk])
  const unban = async ({ user }: Ban) => {
    fault.value = null
    try {
      await desk.members.unban(user.id)
      await load()
    } catch (thrown) {
      fault.value = refusalOf(thrown)
    }
  }
  if (bans.value.length === 0) return null
  return (
    <section class="bans" aria-label={rights.bans}>
      <h3>{rights.bans}</h3>
      <ul>
        {bans.value.map((ban) => (
          <li key={ban.user.id} class="ban">
            <Avatar name={ban.user.username} size="small" />
            <span class="ban-who">
              <span class="room-item-name">{ban.user.display_name || ban.user.username}</span>
              <span class="member-role">
                {rights.banOf(ban.until === null ? null : timeUntil(ban.until), ban.reason)}
              </span>
            </span>
            <button
              type="button"
              class="button button-small"
              aria-label={rights.unbanOf(ban.user.username)}
              onClick={() => void unban(ban)}
            >
              {rights.unban}
            </button>
          </li>
        ))}
      </ul>
      {fault.value !== null && (
        <p class="list-note" role="alert">
          {fault.value}
        </p>
      )}
    </section>
  )
}
