import { keepDrafts, keptDrafts } from "./kept.ts"

/** What is typed is kept once it has rested this long, and when the page is left. */
const restMs = 400

/** What is written and not yet sent, by room: a map that outlives the page. It writes until `close()`. */
export class Drafts extends Map<string, string> {
  readonly #account: string
  readonly #changed = new Map<string, string>()
  #resting: ReturnType<typeof setTimeout> | undefined

  /** `account`: whose; one a person. */
  constructor(account: string) {
    super()
    this.#account = account
    for (const [room, text] of keptDrafts(account)) super.set(room, text)
    addEventListener("pagehide", this.#keep)
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
    removeEventListener("pagehide", this.#keep)
    this.#keep()
  }

  #change(room: string, text: string): void {
    this.#changed.set(room, text)
    // A sent draft must not come back, whatever ends the page.
    if (text === "") this.#keep()
    else this.#resting ??= setTimeout(this.#keep, restMs)
  }

  readonly #keep = (): void => {
    clearTimeout(this.#resting)
    this.#resting = undefined
    if (this.#changed.size > 0) keepDrafts(this.#account, this.#changed)
    this.#changed.clear()
  }
}
