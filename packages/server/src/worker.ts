import { type Clock, systemClock } from "./lib/clock.ts"
import type { SupervisorWord, WorkerOrder, WorkerWord } from "./supervisor.ts"

/** What a supervisor asks of this process; undefined when it has none. */
export function orderOf(environment: Record<string, string | undefined>): WorkerOrder | undefined {
  const text = environment.KLATCH_WORKER
  return text ? (JSON.parse(text) as WorkerOrder) : undefined
}

const PAGE_MAX_MS = 5_000

/** A worker's line to its supervisor. */
export class WorkerLine {
  readonly #pages = new Map<number, (text: string) => void>()
  readonly #clock: Clock
  #ids = 0

  /** `metrics` are this worker's own; `onAlone` is called when the supervisor is gone. */
  constructor(parts: {
    readonly metrics: () => Promise<object[]>
    readonly onAlone: () => void
    readonly clock?: Clock
  }) {
    this.#clock = parts.clock ?? systemClock
    process.on("message", (word: SupervisorWord) => {
      if (word.type === "page") this.#pages.get(word.id)?.(word.text)
      else void parts.metrics().then((metrics) => say({ type: "metrics", id: word.id, metrics }))
    })
    process.on("disconnect", parts.onAlone)
  }

  listening(port: number, firstAdminCode: string | undefined): void {
    say({ type: "listening", port, firstAdminCode })
  }

  /** The metrics of all workers. Rejects when the supervisor does not answer. */
  page(): Promise<string> {
    const id = ++this.#ids
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const cancel = this.#clock.after(PAGE_MAX_MS, () => reject(new Error("the supervisor does not answer")))
    this.#pages.set(id, resolve)
    say({ type: "page_wanted", id })
    return promise.finally(() => {
      cancel()
      this.#pages.delete(id)
    })
  }
}

const say = (word: WorkerWord): void => void process.send?.(word)
