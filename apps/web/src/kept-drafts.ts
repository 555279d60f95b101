import { keepDrafts, keptDrafts } from "./kept.ts"

/** What is typed is kept once it has rested this long, and when the page is left. */
const restMs = 400
/** Rooms that a tab remembers to have written in; those written in longest ago are let go. */
const ownMax = 50

/**
 * What is written and not yet sent, by room: a map that outlives the page. It writes until `close()`.
 *
 * All tabs keep theirs in one place, the last one to write in a room wins there, and a new tab begins with it. A tab
 * remembers its own beside that: what another one writes or sends takes nothing from it, not even over a reload.
 */
export class Drafts extends Map<string, string> {
  readonly #account: string
  /** What this tab has written itself; "" where it has sent or emptied it. */
  readonly #own: Map<string, string>
  /** What was last seen in the common place: only that may be forgotten there, not what another tab has written. */
  readonly #common: Map<string, string>
  readonly #changed = new Map<string, string>()
  #resting: ReturnType<typeof setTimeout> | undefined

  /** `account`: whose; one a person. */
  constructor(account: string) {
    super()
    this.#account = account
    this.#common = keptDrafts(account)
    this.#own = ownDrafts(account)
    for (const [room, text] of [...this.#common, ...this.#own]) {
      if (text === "") super.delete(room)
      else super.set(room, text)
    }
    addEventListener("pagehide", this.#leave)
  }

  override set(room: string, text: string): this {
    this.#change(room, text)
    return super.set(room, text)
  }

  override delete(room: string): boolean {
    this.#change(room, "")
    return super.delete(room)
  }

  close(): void {
    removeEventListener("pagehide", this.#leave)
    this.#leave()
  }

  #change(room: string, text: string): void {
    this.#changed.set(room, text)
    // Deleted first, so that the one written to last stands last, and is let go last.
    this.#own.delete(room)
    this.#own.set(room, text)
    // A sent draft must not come back, whatever ends the page.
    if (text === "") this.#keep()
    else this.#resting ??= setTimeout(this.#keep, restMs)
  }

  readonly #keep = (): void => {
    clearTimeout(this.#resting)
    this.#resting = undefined
    if (this.#changed.size === 0) return
    keepOwnDrafts(this.#account, this.#own)
    const now = keptDrafts(this.#account)
    for (const [room, text] of this.#changed) {
      const isAnothers = text === "" && now.get(room) !== this.#common.get(room)
      if (isAnothers) this.#changed.delete(room)
      else this.#common.set(room, text)
    }
    if (this.#changed.size > 0) keepDrafts(this.#account, this.#changed)
    this.#changed.clear()
  }

  /** The tab may be closed for good: its own go where a new tab finds them, unless another one's stand there. */
  readonly #leave = (): void => {
    this.#keep()
    const now = keptDrafts(this.#account)
    const lost = [...this.#own].filter(([room, text]) => text !== "" && !now.has(room))
    if (lost.length > 0) keepDrafts(this.#account, new Map(lost))
  }
}

/** Nothing of an account's stays in this tab. */
export function forgetOwnDrafts(account: string): void {
  keepOwnDrafts(account, new Map())
}

const ownKey = (account: string) => `klatch.drafts.own.${account}`

/** What this tab wrote before it was loaded anew; whatever else stands there is passed over. */
function ownDrafts(account: string): Map<string, string> {
  try {
    const pairs: unknown = JSON.parse(sessionStorage.getItem(ownKey(account)) ?? "[]")
    const isPair = (pair: unknown) => Array.isArray(pair) && pair.length === 2 && pair.every(isText)
    return new Map(Array.isArray(pairs) ? pairs.filter(isPair) : [])
  } catch {
    return new Map()
  }
}

function keepOwnDrafts(account: string, own: ReadonlyMap<string, string>): void {
  try {
    sessionStorage.setItem(ownKey(account), JSON.stringify([...own].slice(-ownMax)))
  } catch {
    // Refused: it lasts until the page is left.
  }
}

const isText = (value: unknown): value is string => typeof value === "string"
