/** A scroll so long after a turn of the wheel, a key or a touch is still the reader's. */
const lingerMs = 400
const keysUp: readonly string[] = ["ArrowUp", "PageUp", "Home"]

/**
 * Whether the reader's own hand moves the log: a scroll alone does not say whether someone made it, or lines that
 * were measured and a field that grew. Calls `onLetGo` when it rests. Listens until it is disposed of.
 */
export class ReaderHand implements Disposable {
  readonly #onLetGo: () => void
  readonly #ends = new AbortController()
  #isHeld = false
  #letsGo: ReturnType<typeof setTimeout> | undefined

  constructor(box: HTMLElement, onLetGo: () => void) {
    this.#onLetGo = onLetGo
    const on = <K extends keyof WindowEventMap>(
      target: EventTarget,
      type: K,
      listener: (event: WindowEventMap[K]) => void,
    ) =>
      target.addEventListener(type, listener as EventListener, {
        passive: true,
        capture: true,
        signal: this.#ends.signal,
      })
    on(box, "wheel", ({ deltaY }) => deltaY < 0 && this.touch())
    on(box, "touchmove", () => this.touch())
    on(box, "keydown", ({ key }) => keysUp.includes(key) && this.touch())
    // A line that gets the focus is brought into view.
    on(box, "focusin", () => this.touch())
    on(box, "pointerdown", ({ target }) => {
      // The scroll bar is the log's own; what stands in the log is another target.
      if (target !== box) return
      this.#isHeld = true
      this.touch()
    })
    const release = () => {
      if (!this.#isHeld) return
      this.#isHeld = false
      this.touch()
    }
    on(window, "pointerup", release)
    on(window, "pointercancel", release)
  }

  get isOn(): boolean {
    return this.#letsGo !== undefined
  }

  /** The log has scrolled up: what the hand began goes on. */
  movedUp(): void {
    if (this.isOn) this.touch()
  }

  /** What the hand began is over. */
  rest(): void {
    this.#isHeld = false
    clearTimeout(this.#letsGo)
    this.#letsGo = undefined
  }

  [Symbol.dispose](): void {
    this.#ends.abort()
    this.rest()
  }

  /** The hand moves the log now. */
  touch(): void {
    clearTimeout(this.#letsGo)
    this.#letsGo = setTimeout(() => {
      if (this.#isHeld) return this.touch()
      this.#letsGo = undefined
      this.#onLetGo()
    }, lingerMs)
  }
}
