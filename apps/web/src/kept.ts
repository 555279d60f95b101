/** What this browser keeps between visits. Where storage is refused, nothing is kept and nothing fails. */
const nameKey = "klatch.name"
const seenKey = (userId: string) => `klatch.seen.${userId}`
const seenRoomsMax = 300

export function keptName(): string | null {
  return read(nameKey)
}

/** Null forgets it. */
export function keepName(name: string | null): void {
  write(nameKey, name)
}

/** The newest message this user has looked at here, by room. */
export function keptSeen(userId: string): ReadonlyMap<string, number> {
  try {
    const pairs: unknown = JSON.parse(read(seenKey(userId)) ?? "[]")
    if (!Array.isArray(pairs)) return new Map()
    return new Map(
      pairs.filter(
        (pair): pair is [string, number] => typeof pair?.[0] === "string" && Number.isSafeInteger(pair[1]),
      ),
    )
  } catch {
    return new Map()
  }
}

/** Keeps the last `seenRoomsMax`: rooms not looked at for longest are forgotten and count as unseen. */
export function keepSeen(userId: string, seen: ReadonlyMap<string, number>): void {
  write(seenKey(userId), JSON.stringify([...seen].slice(-seenRoomsMax)))
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
