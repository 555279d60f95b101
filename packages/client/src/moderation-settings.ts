import type { Role, Room } from "@klatch/protocol"
import type { Client } from "./client.ts"
import type { RoomMember } from "./moderation-members.ts"
import type { Rights } from "./moderation-policy.ts"
import { change, pathOf, watch } from "./moderation-watch.ts"
import { Cell, type Readable } from "./readable.ts"

/** How a room is set, and where one stands in it oneself. */
export interface RoomSettings extends Pick<Room, "id" | "kind" | "name" | "topic"> {
  /** It can be read; nothing is posted, and nobody new comes in. */
  readonly archived: boolean
  /** Members may write once in so many seconds; 0: as they like. */
  readonly slow_mode_s: number
  /** The least role for each act, where it is not the default. */
  readonly rights: Rights
  /** One's own; null: no member, or not any more. */
  readonly role: Role | null
  /** One may only read until then; null or past: one may write. */
  readonly muted_until: string | null
  /** The name of who ended one's membership, where that was told. */
  readonly removed_by: string | null
}

/** What of a room can be changed. What is not said stays. */
export interface RoomChange {
  readonly name?: string
  readonly topic?: string
  readonly archived?: boolean
  readonly slow_mode_s?: number
  /** All of them: those not named are the default again. */
  readonly rights?: Rights
}

/** A room's settings and one's own standing there; null before `load`. */
export interface Settings extends Readable<RoomSettings | null> {
  /**
   * Asks for them. From then on they follow what is told while the room is open or listed; the end of one's own
   * membership is told wherever the list of rooms is loaded. Rejects with a `KlatchError`.
   */
  load(): Promise<void>
  /** Rejects with a `KlatchError`: `forbidden`, `not_found`, `invalid_field`. */
  change(change: RoomChange): Promise<void>
  /** Stops following. */
  close(): void
}

/** The settings of a room, by its id. */
export function roomSettings(client: Client, roomId: string): Settings {
  const path = pathOf(roomId)
  const state = new Cell<RoomSettings | null>(null)
  const set = (fields: Partial<RoomSettings>) => change<RoomSettings>(state, fields)
  const take = (room: Room, muted_until: string | null) => {
    const { id, kind, name, topic, archived, slow_mode_s, rights, role } = room
    const own = { role, muted_until, removed_by: null }
    state.set({ id, kind, name, topic, archived, slow_mode_s, rights, ...own })
  }
  const { load, close } = watch(client, {
    async ask() {
      const room = await client.request<Room>("GET", path)
      const self = client.user.get()?.id
      const [own] =
        room.role === null || self === undefined
          ? []
          : (
              await client.request<{ members: RoomMember[] }>(
                "GET",
                `${path}/members?limit=1&after=${idBefore(self)}`,
              )
            ).members
      return () => take(room, own?.id === self ? (own?.muted_until ?? null) : null)
    },
    hear(event) {
      const isAboutUs = event.type !== "room" && "user_id" in event && event.user_id === client.user.get()?.id
      if (event.type === "room_removed") {
        if (event.room.id === roomId) set({ role: null })
      } else if (event.type === "room_added") {
        if (event.room.id === roomId && state.get()) load().catch(() => {})
      } else if (event.room_id !== roomId) return
      else if (event.type === "room") {
        const { name, topic, archived = false, slow_mode_s = 0, rights = {} } = event
        set({ name, topic, archived, slow_mode_s, rights })
      } else if (!isAboutUs) return
      else if (event.type === "leave") set({ role: null, removed_by: event.by?.username ?? null })
      else if (event.type === "join") set({ role: event.role, removed_by: null })
      else set({ role: event.role, muted_until: event.muted_until })
    },
    stale() {},
  })
  return {
    get: state.get,
    subscribe: state.subscribe,
    load,
    close,
    async change(fields) {
      const room = await client.request<Room>("PATCH", path, fields)
      take(room, state.get()?.muted_until ?? null)
    },
  }
}

/** The id right before another: lists begin after an id, and this is how one's own entry is asked for. */
function idBefore(id: string): string {
  const hex = (BigInt(`0x${id.replaceAll("-", "")}`) - 1n).toString(16).padStart(32, "0")
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")
}
