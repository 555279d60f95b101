import type { KlatchErrorCode } from "./error.ts"
import type { Store } from "./store.ts"

/** A message of ours that the server has not acked, as it is kept. */
export interface KeptLetter {
  /** The room, as it was asked for: a slug or an id. */
  readonly room: string
  readonly clientId: string
  readonly content: string
  /** RFC 3339. */
  readonly sentAt: string
  readonly replyTo?: number
  /** Whose it is: their id, or before that is known the name they are to go by, if any. */
  readonly by?: string | undefined
  /** Why the server would not have it: it waits for a person to try again or to let it go. */
  readonly failure?: { readonly code: KlatchErrorCode; readonly message: string }
}

/**
 * Messages on their way, kept until they are acked. Two tabs, or the same page twice, may both send what is kept: the
 * client id makes it one message, and each sends a room's in their order.
 */
export class Letters {
  readonly #store: Store | undefined
  readonly #kept = new Map<string, Kept>()
  /** In ms since the Unix epoch, and always more than the one before: a clock set back reorders nothing. */
  #newest = 0
  /** Done with while the store is asked: what it says of these is from before. */
  #done: Set<string> | undefined

  constructor(store: Store | undefined) {
    this.#store = store
  }

  /** Those kept, the oldest first. Rejects as the store does. */
  async load(): Promise<KeptLetter[]> {
    const done = new Set<string>()
    this.#done = done
    const asked = this.#store?.all("letters").finally(() => {
      this.#done = undefined
    })
    const found = ((await asked) ?? []) as Kept[]
    const all = found.filter(({ letter }) => !done.has(nameOf(letter)))
    const ours = [...this.#kept.values()]
    let last = ""
    for (const one of all) {
      if (this.#kept.has(nameOf(one.letter))) continue
      this.#kept.set(nameOf(one.letter), one)
      last = one.key
    }
    this.#newest = Math.max(this.#newest, Number.parseFloat(last) || 0)
    // Written before it was known what there was, maybe by a clock that was set back: they go after it.
    for (const { key, letter } of ours)
      if (key < last) {
        this.#kept.delete(nameOf(letter))
        this.keep(letter)
        this.#store?.remove("letters", key).catch(() => {})
      }
    return all.map(({ letter }) => letter)
  }

  /** Keeps a message, or keeps it anew; answers its place among all. What cannot be kept is sent all the same. */
  keep(letter: KeptLetter): string | undefined {
    if (!this.#store) return undefined
    const name = nameOf(letter)
    this.#newest = Math.max(this.#newest + 1, Date.parse(letter.sentAt))
    const key = this.#kept.get(name)?.key ?? `${this.#newest.toString().padStart(15, "0")} ${letter.clientId}`
    const kept = { key, letter }
    this.#kept.set(name, kept)
    this.#store.put("letters", key, kept).catch(() => {})
    return key
  }

  /** What was written by someone who had yet to say who they are is this user's. */
  claim(from: string, by: string): void {
    for (const { letter } of this.#kept.values()) if (letter.by === from) this.keep({ ...letter, by })
  }

  /** The server refused it. */
  failed(letter: LetterName, { code, message }: { code: KlatchErrorCode; message: string }): void {
    const kept = this.#kept.get(nameOf(letter))
    if (kept) this.keep({ ...kept.letter, failure: { code, message } })
  }

  /** Acked, or let go. */
  drop(letter: LetterName): void {
    const name = nameOf(letter)
    this.#done?.add(name)
    const kept = this.#kept.get(name)
    if (!kept) return
    this.#kept.delete(name)
    this.#store?.remove("letters", kept.key).catch(() => {})
  }
}

/** A client id names a message of a room. */
type LetterName = Pick<KeptLetter, "room" | "clientId">
const nameOf = ({ room, clientId }: LetterName): string => `${room} ${clientId}`

/** Keys sort by the time of sending. */
interface Kept {
  readonly key: string
  readonly letter: KeptLetter
}
