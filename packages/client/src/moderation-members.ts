import type { Role, User } from "@klatch/protocol"
import type { Client } from "./client.ts"
import { change, pageAfter, pathOf, type RoomNews, watch } from "./moderation-watch.ts"
import { Cell, type Readable } from "./readable.ts"

/** A member and where they stand. */
export interface RoomMember extends User {
  readonly role: Role
  /** They may only read until then; null or past: they may write. */
  readonly muted_until: string | null
}

/** The members of a room, as far as they are loaded. */
export interface MemberListState {
  /** `stale`: what is shown was true; the server is not in touch, or could not be asked. */
  readonly status: "empty" | "loading" | "ready" | "stale"
  /** In the order of their ids. */
  readonly members: readonly RoomMember[]
  /** There are more: `loadMore()`. */
  readonly hasMore: boolean
}

/** Who is kept out of a room. */
export interface Ban {
  readonly user: User
  /** The id of who did it. */
  readonly banned_by: string
  readonly banned_at: string
  /** Null: for ever. */
  readonly until: string | null
  readonly reason: string
}

/**
 * A room's members, and what those with a say do to them; a user is named by id or name. Every act rejects with a
 * `KlatchError`: `forbidden` when it is not theirs to do, `not_found` when there is no such room, user or membership.
 */
export interface Moderation extends Readable<MemberListState> {
  /** Asks for the members. From then on the list follows what is told while the room is open or listed. */
  load(): Promise<void>
  /** A page more, if there is one. */
  loadMore(): Promise<void>
  /** Gives a member another role. */
  setRole(user: string, role: Exclude<Role, "owner">): Promise<void>
  /** Hands the room over to a member; its owner becomes an admin. */
  transfer(user: string): Promise<void>
  /** Lets a member only read for so many seconds. */
  mute(user: string, forS: number): Promise<void>
  unmute(user: string): Promise<void>
  /** Ends a membership. They may come back where anyone may, or by an invitation. */
  kick(user: string): Promise<void>
  /** Ends a membership and keeps them out: for so many seconds, or for ever. */
  ban(user: string, options?: { readonly forS?: number; readonly reason?: string }): Promise<void>
  unban(user: string): Promise<void>
  /** A page of at most 100 bans, in the order of the users' ids, after the id `after`. */
  bans(after?: string): Promise<{ readonly bans: readonly Ban[]; readonly has_more: boolean }>
  /** Stops following. */
  close(): void
}

/** Past so many the list ends: more is nothing to look at. */
const membersMax = 2_000

/** The members of a room, by its id. */
export function moderation(client: Client, roomId: string): Moderation {
  const path = pathOf(roomId)
  const state = new Cell<MemberListState>({ status: "empty", members: [], hasMore: false })
  const set = (fields: Partial<MemberListState>) => change(state, fields)
  const page = (after?: string) =>
    client.request<{ members: RoomMember[]; has_more: boolean }>("GET", pageAfter(`${path}/members`, after))
  const watched = watch(client, {
    async ask() {
      if (state.get().status === "empty") set({ status: "loading" })
      const wanted = state.get().members.length
      let all: readonly RoomMember[] = []
      for (;;) {
        const { members, has_more } = await page(all.at(-1)?.id)
        all = [...all, ...members]
        if (!has_more || all.length >= wanted)
          return () => set({ status: "ready", members: all, hasMore: has_more && all.length < membersMax })
      }
    },
    hear(event) {
      if (event.room_id === roomId) set({ members: heard(state.get(), event) })
    },
    stale() {
      set({ status: "stale" })
    },
  })
  const act = async (method: "POST" | "PATCH" | "DELETE", rest: string, body?: object) => {
    await client.request(method, path + rest, body)
  }
  const member = (user: string) => `/members/${encodeURIComponent(user)}`
  return {
    get: state.get,
    subscribe: state.subscribe,
    ...watched,
    async loadMore() {
      const { members, hasMore } = state.get()
      if (!hasMore) return
      const { members: more, has_more } = await page(members.at(-1)?.id)
      const ids = new Set(more.map(({ id }) => id))
      const all = [...state.get().members.filter(({ id }) => !ids.has(id)), ...more]
      set({ members: all, hasMore: has_more && all.length < membersMax })
    },
    setRole: (user, role) => act("PATCH", member(user), { role }),
    transfer: (user) => act("PATCH", member(user), { role: "owner" }),
    mute: (user, forS) => act("PATCH", member(user), { mute_s: forS }),
    unmute: (user) => act("PATCH", member(user), { mute_s: 0 }),
    kick: (user) => act("DELETE", member(user)),
    ban: (user, { forS, reason } = {}) => act("POST", "/bans", { user, for_s: forS, reason }),
    unban: (user) => act("DELETE", `/bans/${encodeURIComponent(user)}`),
    bans: (after) => client.request("GET", pageAfter(`${path}/bans`, after)),
  }
}

/** The list after an event. Those who have not changed stay the same objects. */
function heard({ members, hasMore }: MemberListState, event: RoomNews): readonly RoomMember[] {
  if (event.type !== "join" && event.type !== "leave" && event.type !== "member") return members
  const { user_id: id, from } = event
  const at = members.findIndex((one) => one.id === id)
  const known = members[at]
  const role = event.type === "leave" ? null : event.role
  if (role === null) return known ? members.toSpliced(at, 1) : members
  const muted_until = event.type === "member" ? event.muted_until : null
  if (known) return members.with(at, { ...known, role, muted_until })
  const next = members.findIndex((one) => one.id > id)
  // It is on a page that is not loaded.
  if (next < 0 && hasMore) return members
  const one = { id, username: from, display_name: from, role, muted_until }
  return members.toSpliced(next < 0 ? members.length : next, 0, one)
}
