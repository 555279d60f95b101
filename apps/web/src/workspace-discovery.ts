import type { Client, RoomInfo } from "@klatch/client"
import { batch, effect, signal } from "@preact/signals"

/** Rooms are asked for once the typing has rested this long. */
const restMs = 200

/** Public rooms whose name holds what is typed. What was found stays until the next answer. Ends with `close()`. */
export class Discovery {
  readonly query = signal("")
  readonly found = signal<readonly RoomInfo[]>([])
  readonly hasFailed = signal(false)
  readonly #client: Client
  readonly #stop: () => void
  #asking = 0
  #resting: ReturnType<typeof setTimeout> | undefined

  constructor(client: Client) {
    this.#client = client
    this.#stop = effect(() => {
      void this.query.value
      this.soon()
    })
  }

  /** Many reasons within a moment are one. */
  soon(): void {
    clearTimeout(this.#resting)
    this.#resting = setTimeout(() => void this.refresh(), restMs)
  }

  /** Asks at once; without a connection it does nothing. */
  async refresh(): Promise<void> {
    if (this.#client.connection.get().phase !== "open") return
    const asking = ++this.#asking
    const isLatest = () => asking === this.#asking
    try {
      const found = await this.#client.rooms.discover(this.query.peek().trim())
      if (!isLatest()) return
      batch(() => {
        this.found.value = found
        this.hasFailed.value = false
      })
    } catch {
      if (isLatest()) this.hasFailed.value = true
    }
  }

  close(): void {
    this.#asking++
    clearTimeout(this.#resting)
    this.#stop()
  }
}
