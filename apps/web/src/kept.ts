/** What this browser keeps between visits. Where storage is refused, nothing is kept and nothing fails. */
const nameKey = "klatch.name"
const themeKey = "klatch.theme"
const seenKey = (userId: string) => `klatch.seen.${userId}`
const draftsKey = (account: string) => `klatch.drafts.${account}`
const seenRoomsMax = 300
/** Drafts kept an account; those written to longest ago are let go. */
const draftsMax = 50

export function keptName(): string | null {
  return read(nameKey)
}

/** Null forgets it. */
export function keepName(name: string | null): void {
  write(nameKey, name)
}

export function keptTheme(): string | null {
  return read(themeKey)
}

/** Null forgets it. */
export function keepTheme(theme: string | null): void {
  write(themeKey, theme)
}

/** Calls `fn` when another tab keeps another theme. */
export function onKeptTheme(fn: (theme: string | null) => void): void {
  window.addEventListener("storage", (event) => {
    if (event.key === themeKey) fn(event.newValue)
  })
}

/** The newest message this user has looked at here, by room. */
export function keptSeen(userId: string): ReadonlyMap<string, number> {
  return new Map(
    pairsOf(seenKey(userId)).filter((pair): pair is [string, number] => Number.isSafeInteger(pair[1])),
  )
}

/** Keeps the last `seenRoomsMax`: rooms not looked at for longest are forgotten and count as unseen. */
export function keepSeen(userId: string, seen: ReadonlyMap<string, number>): void {
  write(seenKey(userId), JSON.stringify([...seen].slice(-seenRoomsMax)))
}

/** What an account has written and not sent, by room. */
export function keptDrafts(account: string): Map<string, string> {
  return new Map(
    pairsOf(draftsKey(account)).filter((pair): pair is [string, string] => typeof pair[1] === "string"),
  )
}

/** Keeps some drafts beside those that other tabs keep; an empty one forgets its room's. */
export function keepDrafts(account: string, changed: ReadonlyMap<string, string>): void {
  const all = keptDrafts(account)
  for (const [room, text] of changed) {
    // Deleted first, so that the one written to last stands last, and is let go last.
    all.delete(room)
    if (text !== "") all.set(room, text)
  }
  write(draftsKey(account), all.size === 0 ? null : JSON.stringify([...all].slice(-draftsMax)))
}

/** A map as it was kept; whatever else stands there is passed over. */
function pairsOf(key: string): [string, unknown][] {
  try {
    const pairs: unknown = JSON.parse(read(key) ?? "[]")
    return Array.isArray(pairs) ? pairs.filter((pair) => typeof pair?.[0] === "string") : []
  } catch {
    return []
  }
}

function read(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

function write(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key)
    else localStorage.setItem(key, value)
  } catch {
    // Refused: it lasts until the page is left.
  }
}
