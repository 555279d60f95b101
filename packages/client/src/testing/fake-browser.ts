import type { Channel, Locks } from "../shared-socket.ts"
import type { WebSocketConstructor, WebSocketLike } from "../socket.ts"

/** Where something a page hears of comes from. Between two of them there is no order. */
type Source = "lock" | "channel" | "network" | "timer"

interface Holder {
  readonly tab: string
  readonly rob: () => void
}

interface Wanted {
  readonly tab: string
  readonly give: () => void
}

/** What a request for a lock fails with when it is given up, or the lock was stolen. */
const aborted = () => new DOMException("over", "AbortError")

/** The locks, channels and sockets of one browser, whose tabs can be killed, and frozen and thawed. */
export class FakeBrowser {
  readonly #held = new Map<string, Holder>()
  readonly #wanted = new Map<string, Wanted[]>()
  readonly #channels = new Set<{ name: string; tab: string; channel: Channel }>()
  readonly #dead = new Set<string>()
  /** What a frozen tab will hear of when it is thawed. */
  readonly #frozen = new Map<string, { source: Source; fn: () => void }[]>()
  readonly #later: (fn: () => void) => void

  /** `later` is when a word reaches another tab. */
  constructor(later: (fn: () => void) => void) {
    this.#later = later
  }

  /** A tab hears of something: not when it is dead, and only later while it is frozen. */
  tell(tab: string, source: Source, fn: () => void): void {
    const frozen = this.#frozen.get(tab)
    if (frozen) frozen.push({ source, fn })
    else if (!this.#dead.has(tab)) fn()
  }

  kill(tab: string): void {
    this.#dead.add(tab)
    this.#frozen.delete(tab)
    for (const [name, wanted] of this.#wanted) {
      const left = wanted.filter((one) => one.tab !== tab)
      this.#wanted.set(name, left)
    }
    for (const [name, holder] of [...this.#held]) if (holder.tab === tab) this.#release(name)
  }

  /** The page stands still, as under an alert. */
  freeze(tab: string): void {
    if (!this.#frozen.has(tab)) this.#frozen.set(tab, [])
  }

  /** It goes on, and hears of all it missed: of each source in order. */
  thaw(tab: string, sources: readonly Source[] = ["timer", "channel", "network", "lock"]): void {
    const missed = this.#frozen.get(tab) ?? []
    this.#frozen.delete(tab)
    for (const source of sources)
      for (const one of missed) if (one.source === source) this.tell(tab, source, one.fn)
  }

  channel(tab: string, name: string): Channel {
    const channel: Channel = {
      onmessage: null,
      postMessage: (message) => {
        if (this.#dead.has(tab)) return
        const data = structuredClone(message)
        for (const other of this.#channels) {
          if (other.channel === channel || other.name !== name) continue
          const hear = () => {
            if (this.#channels.has(other)) other.channel.onmessage?.({ data } as never)
          }
          this.#later(() => this.tell(other.tab, "channel", hear))
        }
      },
      close: () => this.#channels.delete(entry),
    }
    const entry = { name, tab, channel }
    this.#channels.add(entry)
    return channel
  }

  locks(tab: string): Locks {
    return {
      request: (name, { signal, steal }, held) =>
        new Promise((resolve, reject) => {
          const give = () => {
            const holder: Holder = {
              tab,
              rob: () => this.tell(tab, "lock", () => reject(aborted())),
            }
            const release = () => {
              if (this.#held.get(name) === holder) this.#release(name)
            }
            this.#held.set(name, holder)
            const hear = () => {
              held().finally(release).then(resolve, reject)
            }
            this.#later(() => this.tell(tab, "lock", hear))
          }
          if (signal?.aborted) return reject(aborted())
          const holder = this.#held.get(name)
          if (!holder) return give()
          if (steal) {
            holder.rob()
            return give()
          }
          const wanted = { tab, give }
          this.#wanted.set(name, [...(this.#wanted.get(name) ?? []), wanted])
          signal?.addEventListener("abort", () => {
            const left = (this.#wanted.get(name) ?? []).filter((one) => one !== wanted)
            this.#wanted.set(name, left)
            reject(aborted())
          })
        }),
    }
  }

  /** The sockets of a tab: what they have to say it hears like everything else. */
  webSocket(tab: string, webSocket: WebSocketConstructor): WebSocketConstructor {
    const hear = (fn: () => void) => this.tell(tab, "network", fn)
    return class implements WebSocketLike {
      onopen: WebSocketLike["onopen"] = null
      onmessage: WebSocketLike["onmessage"] = null
      onclose: WebSocketLike["onclose"] = null
      onerror: WebSocketLike["onerror"] = null
      readonly #inner: WebSocketLike

      constructor(url: string) {
        this.#inner = new webSocket(url)
        for (const name of ["onopen", "onmessage", "onclose"] as const)
          this.#inner[name] = (event) => hear(() => this[name]?.(event))
      }

      send(text: string): void {
        this.#inner.send(text)
      }

      close(code?: number): void {
        this.#inner.close(code)
      }
    }
  }

  #release(name: string): void {
    this.#held.delete(name)
    const [next, ...left] = this.#wanted.get(name) ?? []
    this.#wanted.set(name, left)
    next?.give()
  }
}
