/** What the page's own address says. */
export interface Address {
  /** The name to go by, when the address gives one (`?user=` or `?u=`). */
  readonly user: string | null
  /** The code of an invitation (`?invite=`). */
  readonly invite: string | null
  /** A room's slug or id (`?r=`, `?room=` or `?room_id=`). */
  readonly room: string | null
  /** Where the server is: the page's own folder, so that a path prefix in front of it is kept. */
  readonly server: string
}

/** The room of those who ask for none. */
export const lobby = "lobby"

/** Reads an address. Empty values count as absent; rooms are folded to lower case, as the server does. */
export function readAddress(href: string): Address {
  const url = new URL(href)
  const first = (...names: string[]) =>
    names.map((name) => url.searchParams.get(name)?.trim()).find(Boolean) ?? null
  return {
    user: first("user", "u"),
    invite: first("invite"),
    room: first("r", "room", "room_id")?.toLowerCase() ?? null,
    server: new URL(".", url.origin + url.pathname).href.replace(/\/$/, ""),
  }
}

/** The query for a room; the name stays in it when it came from there, so that a reload asks as the same one. */
export function queryFor(room: string, user: string | null): string {
  const query = new URLSearchParams({ r: room })
  if (user !== null) query.set("u", user)
  return `?${query}`
}

/** The whole address of an invitation, to be given to someone. */
export function inviteLink(href: string, code: string): string {
  return `${readAddress(href).server}/?${new URLSearchParams({ invite: code })}`
}
