import { type Clock, systemClock } from "./clock.ts"
import { type Random, systemRandom } from "./random.ts"
import type { WebSocketConstructor, WebSocketLike } from "./socket.ts"
import { TabHub } from "./tab-hub.ts"

/** The part of `BroadcastChannel` that is needed. */
export interface Channel {
  onmessage: ((event: never) => void) | null
  postMessage(message: unknown): void
  close(): void
}

/** The part of Web Locks that is needed. */
export interface Locks {
  request(
    name: string,
    options: { readonly signal?: AbortSignal; readonly steal?: boolean },
    held: () => Promise<void>,
  ): Promise<void>
}

export interface SharedSocketOptions {
  /** One an account: tabs that share it share a connection, and are the same user to the server. */
  readonly name: string
  readonly webSocket: WebSocketConstructor
  readonly locks: Locks
  readonly channel: (name: string) => Channel
  readonly clock?: Clock
  readonly random?: Random
}

/** What tabs say to each other. */
type Word =
  | { readonly kind: "here"; readonly tab: string }
  | { readonly kind: "wait"; readonly to: string }
  | { readonly kind: "welcome"; readonly to: string; readonly hello: string }
  | { readonly kind: "frame"; readonly tab: string; readonly text: string }
  | { readonly kind: "event"; readonly to: string | null; readonly text: string }
  | { readonly kind: "lost"; readonly code: number; readonly reason: string }
  | { readonly kind: "moved" }

/** A leader that does not answer at all within this time is taken over from: its page may be frozen. */
export const answerMs = 2_000

/** Makes a client come back at once, without a word of an error. */
const moveOn = JSON.stringify({ type: "drain", reconnect_after_ms: 0 })

/**
 * A WebSocket that the tabs of a browser share. Whoever holds the lock has the connection, and the other tabs speak
 * through it; when it is closed or dies, the lock goes to another tab and all come back and resume, at once.
 */
export function sharedSocket(options: SharedSocketOptions): WebSocketConstructor {
  return class extends TabSocket {
    constructor(url: string, protocols?: string | string[]) {
      super(options, url, protocols)
    }
  }
}

/** One tab's end of it. */
class TabSocket implements WebSocketLike {
  onopen: ((event: never) => void) | null = null
  onmessage: ((event: never) => void) | null = null
  onclose: ((event: never) => void) | null = null
  onerror: ((event: never) => void) | null = null
  readonly #options: SharedSocketOptions
  readonly #url: string
  readonly #protocols: string | string[] | undefined
  readonly #name: string
  readonly #tab: string
  readonly #channel: Channel
  readonly #ended = new AbortController()
  readonly #cancelWait: () => void
  #state: "waiting" | "open" | "ended" = "waiting"
  /** Of the leader alone. */
  #hub: TabHub | null = null
  #inner: WebSocketLike | null = null
  readonly #watched = new Set<string>()

  constructor(options: SharedSocketOptions, url: string, protocols?: string | string[]) {
    const { origin, pathname } = new URL(url)
    this.#options = options
    this.#url = url
    this.#tab = (options.random ?? systemRandom)().toString(36).slice(2, 12)
    this.#protocols = protocols
    this.#name = `klatch.${options.name}@${origin}${pathname}`
    this.#channel = options.channel(this.#name)
    this.#channel.onmessage = ({ data }: { readonly data: Word }) => this.#hear(data)
    this.#cancelWait = (options.clock ?? systemClock).after(answerMs, () => this.#contend(true))
    // Held as long as this end lives: that is how the leader hears of its death.
    this.#hold(this.#ownLock(this.#tab), {}, () => {
      this.#say({ kind: "here", tab: this.#tab })
      return "keep"
    })
    this.#contend(false)
  }

  send(text: string): void {
    if (this.#hub) this.#hub.frame(this.#tab, text)
    else this.#say({ kind: "frame", tab: this.#tab, text })
  }

  close(): void {
    if (this.#state === "ended") return
    if (this.#hub) this.#say({ kind: "moved" })
    this.#end()
  }

  /** Asks for the lock; who has it leads. */
  #contend(steal: boolean): void {
    if (this.#state === "ended") return
    this.#hold(this.#name, steal ? { steal } : { signal: this.#ended.signal }, () => {
      this.#cancelWait()
      // The leader that welcomed us is gone: everyone comes back to a new one, ourselves too.
      if (this.#state === "open") this.#moved()
      else this.#lead()
      return "keep"
    })
  }

  #lead(): void {
    const hub = new TabHub({
      send: (text) => this.#inner?.send(text),
      deliver: (to, text) => {
        if (to !== this.#tab) this.#say({ kind: "event", to, text })
        if (to === null || to === this.#tab) this.#tell(text)
      },
    })
    const inner = new this.#options.webSocket(this.#url, this.#protocols)
    this.#hub = hub
    this.#inner = inner
    inner.onopen = () => this.#open()
    inner.onerror = () => {}
    inner.onmessage = ({ data }: { readonly data: unknown }) => {
      if (this.#state === "ended" || typeof data !== "string") return
      const isFirst = hub.hello === null
      hub.event(data)
      if (isFirst && hub.hello !== null) for (const tab of this.#watched) this.#welcome(tab, hub.hello)
    }
    inner.onclose = ({ code, reason }: { readonly code: number; readonly reason: string }) => {
      if (this.#state === "ended") return
      this.#say({ kind: "lost", code, reason })
      this.#lose(code, reason)
    }
    // Whoever came before there was a leader is heard now.
    this.#say({ kind: "moved" })
  }

  #hear(word: Word): void {
    if (this.#state === "ended") return
    if (this.#hub) this.#hearTab(this.#hub, word)
    else this.#hearLeader(word)
  }

  #hearTab(hub: TabHub, word: Word): void {
    if (word.kind === "frame") hub.frame(word.tab, word.text)
    if (word.kind !== "here") return
    if (!this.#watched.has(word.tab)) {
      this.#watched.add(word.tab)
      this.#hold(this.#ownLock(word.tab), { signal: this.#ended.signal }, () => {
        this.#watched.delete(word.tab)
        hub.gone(word.tab)
        return "let go"
      })
    }
    if (hub.hello === null) this.#say({ kind: "wait", to: word.tab })
    else this.#welcome(word.tab, hub.hello)
  }

  #hearLeader(word: Word): void {
    if ((word.kind === "wait" || word.kind === "welcome") && word.to === this.#tab) this.#cancelWait()
    if (word.kind === "welcome" && word.to === this.#tab && this.#state === "waiting") {
      this.#open()
      this.#tell(word.hello)
    } else if (word.kind === "event" && this.#state === "open") {
      if (word.to === null || word.to === this.#tab) this.#tell(word.text)
    } else if (word.kind === "lost") this.#lose(word.code, word.reason)
    else if (word.kind === "moved") this.#moved()
  }

  /** There is another leader, or will be: one that is open comes back, one that waits says again that it is here. */
  #moved(): void {
    if (this.#state === "open") this.#tell(moveOn)
    else this.#say({ kind: "here", tab: this.#tab })
  }

  #welcome(to: string, hello: string): void {
    this.#say({ kind: "welcome", to, hello })
  }

  #open(): void {
    this.#state = "open"
    this.onopen?.({} as never)
  }

  #tell(data: string): void {
    this.onmessage?.({ data } as never)
  }

  #lose(code: number, reason: string): void {
    const { onclose } = this
    this.#end()
    onclose?.({ code, reason } as never)
  }

  #end(): void {
    if (this.#state === "ended") return
    this.#state = "ended"
    this.#cancelWait()
    this.#ended.abort()
    this.#channel.close()
    const inner = this.#inner
    this.#inner = null
    if (inner) {
      inner.onclose = null
      try {
        inner.close(1000)
      } catch {
        // Some refuse to close what never opened.
      }
    }
  }

  #say(word: Word): void {
    if (this.#state !== "ended") this.#channel.postMessage(word)
  }

  #ownLock(tab: string): string {
    return `${this.#name}.${tab}`
  }

  /** Calls `held` with the lock, and keeps it until this end is closed, unless `held` lets go. */
  #hold(
    name: string,
    options: { readonly signal?: AbortSignal; readonly steal?: boolean },
    held: () => "keep" | "let go",
  ): void {
    const keep = (): Promise<void> => {
      if (this.#state === "ended" || held() === "let go") return Promise.resolve()
      return new Promise((resolve) => this.#ended.signal.addEventListener("abort", () => resolve()))
    }
    // Rejected when we ended before we had it, or when another took it from us.
    this.#options.locks.request(name, options, keep).catch(() => {
      if (name === this.#name && this.#hub && this.#state !== "ended") this.#stolen()
    })
  }

  /** Another tab leads: our connection is of no use to anyone. */
  #stolen(): void {
    const inner = this.#inner
    this.#inner = null
    this.#hub = null
    if (inner) {
      inner.onclose = null
      inner.close(1000)
    }
    if (this.#state === "open") this.#tell(moveOn)
    else this.#lose(1006, "Another tab took over.")
  }
}
