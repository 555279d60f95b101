/** What this browser keeps between visits. Where storage is refused, nothing is kept and nothing fails. */
const nameKey = "klatch.name"
const signInKey = "klatch.sign-in"
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

/** Who is signed in, for all tabs. The token is of one use: `account.ts` says how it is spent. */
export interface SignIn {
  readonly id: string
  readonly username: string
  readonly refreshToken: string
  /** Of this sign-in alone, to tell it from another one of the same person. */
  readonly signIn: string
  /** How often its tokens were renewed. */
  readonly turn: number
}

/** Null when nobody is. */
export function keptSignIn(): SignIn | null {
  return asSignIn(read(signInKey))
}

/** Null forgets it. Answers whether it was kept. */
export function keepSignIn(signIn: SignIn | null): boolean {
  return write(signInKey, signIn && JSON.stringify(signIn))
}

/** Calls `fn` when another tab keeps or forgets a sign-in, until the returned function is called. */
export function onKeptSignIn(fn: (signIn: SignIn | null) => void): () => void {
  const hear = ({ key }: StorageEvent) => {
    // A null key is everything at once. What stands there now counts: the event tells what may be past.
    if (key === signInKey || key === null) fn(keptSignIn())
  }
  window.addEventListener("storage", hear)
  return () => window.removeEventListener("storage", hear)
}

function asSignIn(kept: string | null): SignIn | null {
  try {
    const one = JSON.parse(kept ?? "null")
    const texts = [one?.id, one?.username, one?.refreshToken, one?.signIn]
    const isOne = texts.every((part) => typeof part === "string") && Number.isSafeInteger(one.turn)
    return isOne ? one : null
  } catch {
    return null
  }
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

/** Nothing of an account stays here: not what was written, not what was shown. Whoever keeps it open lets go of it. */
export function forgetAccount(key: string, userId: string): void {
  write(draftsKey(key), null)
  write(seenKey(userId), null)
  try {
    indexedDB.deleteDatabase(`klatch.${key}`)
  } catch {
    // Where nothing can be kept, nothing was.
  }
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

/** Answers false when it is refused: then it lasts until the page is left. */
function write(key: string, value: string | null): boolean {
  try {
    if (value === null) localStorage.removeItem(key)
    else localStorage.setItem(key, value)
    return true
  } catch {
    return false
  }
}
