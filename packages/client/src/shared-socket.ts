import { type Clock, systemClock } from "./clock.ts"
import { type Random, systemRandom } from "./random.ts"
import { heir, type WebSocketConstructor, type WebSocketLike } from "./socket.ts"
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

/** How a lock is asked for: until then, or taken from who has it. */
type LockOptions = Parameters<Locks["request"]>[1]

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
  /** Who leads answers it. */
  | { readonly kind: "here" }
  /** Without a hello there is none yet. */
  | { readonly kind: "welcome"; readonly to: string; readonly hello: string | null }
  | { readonly kind: "frame"; readonly text: string }
  | { readonly kind: "event"; readonly to: string | null; readonly text: string }
  | { readonly kind: "lost"; readonly code: number; readonly reason: string }
  /** Another one leads, or will. */
  | { readonly kind: "moved" }

/** Who says it, and when, in ms since the Unix epoch. */
type Spoken = Word & { readonly tab: string; readonly atMs: number }

/** Who hears nothing of the leader for so long asks for it. */
const beatMs = 700
/** Nothing heard for more beats than that, and it is taken over from: its page stands still. */
const beatsMax = 3
/** A leader that hears a word as late as that stood still itself, and another may lead by now. */
const lateMs = 2 * beatMs

const heirText = `{"type":"${heir}"}`
/** Makes a client come back at once, without a word of an error. */
const moveOn = '{"type":"drain","reconnect_after_ms":0}'

/**
 * A WebSocket that the tabs of a browser share. Whoever holds the lock has the connection, and the other tabs speak
 * through it; when it is closed, dies or stands still, the lock goes to another tab and all come back and resume, at
 * once. Where the browser refuses locks, each tab has a connection of its own.
 */
export function sharedSocket(options: SharedSocketOptions): WebSocketConstructor {
  return TabSocket.bind(null, options)
}

/** One tab's end of it. */
class TabSocket implements WebSocketLike {
  onopen: ((event: never) => void) | null = null
  onmessage: ((event: never) => void) | null = null
  onclose: ((event: never) => void) | null = null
  onerror: ((event: never) => void) | null = null
  readonly #locks: Locks
  readonly #clock: Clock
  readonly #dial: () => WebSocketLike
  readonly #name: string
  readonly #tab: string
  readonly #channel: Channel
  readonly #ended = new AbortController()
  #cancelBeat: () => void = () => {}
  /** Since the leader was heard. */
  #beats = 0
  #state: "waiting" | "open" | "ended" = "waiting"
  /** Whom we follow. */
  #leader: string | null = null
  /** Of the leader alone. */
  #hub: TabHub | null = null
  #inner: WebSocketLike | null = null
  readonly #watched = new Set<string>()

  constructor(options: SharedSocketOptions, url: string, protocols?: string | string[]) {
    const { name, locks, channel, webSocket, clock = systemClock, random = systemRandom } = options
    this.#locks = locks
    this.#clock = clock
    this.#dial = () => new webSocket(url, protocols)
    this.#tab = random().toString(36).slice(2, 12)
    this.#name = `klatch.${name}@${url.replace(/\?.*/, "")}`
    this.#channel = channel(this.#name)
    this.#channel.onmessage = ({ data }: { readonly data: Spoken }) => this.#hear(data)
    // Held as long as this end lives: that is how the leader hears of its death.
    this.#hold(this.#name + this.#tab, {}, () => this.#say({ kind: "here" }))
    this.#beat()
    this.#contend({ signal: this.#ended.signal })
  }

  send(text: string): void {
    if (this.#hub) this.#hub.frame(this.#tab, text)
    else this.#say({ kind: "frame", text })
  }

  close(): void {
    this.#state = "ended"
    this.#cancelBeat()
    this.#ended.abort()
    this.#channel.close()
    const inner = this.#inner
    if (!inner) return
    inner.onclose = null
    inner.close(1000)
  }

  #beat(): void {
    this.#cancelBeat = this.#clock.after(beatMs, () => {
      if (this.#beats++ > 0) this.#say({ kind: "here" })
      if (this.#beats > beatsMax) {
        this.#beats = 0
        this.#contend({ steal: true })
      }
      this.#beat()
    })
  }

  /** Asks for the lock; who has it leads. */
  #contend(how: LockOptions): void {
    this.#hold(this.#name, how, () => {
      if (this.#state === "waiting") return this.#lead()
      // The leader that welcomed us is gone: everyone comes back to a new one, ourselves too.
      this.#say({ kind: "moved" })
      this.#moved()
    })
  }

  #lead(): void {
    this.#cancelBeat()
    const inner = this.#dial()
    const hub = new TabHub({
      send: (text) => inner.send(text),
      deliver: (to, text) => {
        if (to !== this.#tab) this.#say({ kind: "event", to, text })
        this.#hearEvent(to, text)
      },
    })
    this.#hub = hub
    this.#inner = inner
    inner.onopen = () => this.#open()
    inner.onmessage = ({ data }: { readonly data: string }) => {
      const { hello } = hub
      hub.event(data)
      if (hello === hub.hello) return
      // Those who waited say that they are here.
      this.#say({ kind: "moved" })
      this.#tell(heirText)
    }
    inner.onclose = (lost: { readonly code: number; readonly reason: string }) => {
      const { code, reason } = lost
      this.#say({ kind: "lost", code, reason })
      this.#lose(lost)
    }
  }

  #hear(word: Spoken): void {
    const { kind, tab } = word
    if (kind !== "here" && kind !== "frame") {
      if (!this.#hub) this.#hearLeader(word)
    } else if (this.#clock.now() - word.atMs >= lateMs) this.#depose()
    else if (kind === "frame") this.#hub?.frame(tab, word.text)
    else if (this.#hub) this.#greet(this.#hub, tab)
  }

  #greet(hub: TabHub, tab: string): void {
    if (!this.#watched.has(tab)) {
      this.#watched.add(tab)
      this.#hold(this.#name + tab, { signal: this.#ended.signal }, () => {
        this.#watched.delete(tab)
        hub.gone(tab)
        this.#tell(heirText)
        return true
      })
    }
    this.#say({ kind: "welcome", to: tab, hello: hub.hello })
  }

  #hearLeader(word: Exclude<Spoken, { readonly kind: "here" | "frame" }>): void {
    const { kind, tab } = word
    const isForUs = kind === "welcome" && word.to === this.#tab
    const isOther = tab !== (this.#leader ?? tab)
    // Another one leads, and we have not heard it say so.
    if (kind === "moved" || (isOther && isForUs)) this.#moved()
    // What else another one says is said by who was deposed and does not know it yet.
    if (kind === "moved" || isOther) return
    this.#beats = 0
    if (kind === "lost") this.#lose(word)
    else if (kind === "event") {
      if (this.#leader) this.#hearEvent(word.to, word.text)
    } else if (isForUs && word.hello && !this.#leader) {
      this.#leader = tab
      this.#open()
      this.#tell(word.hello)
    }
  }

  #hearEvent(to: string | null, text: string): void {
    if (to === null || to === this.#tab) this.#tell(text)
  }

  /** One that is open comes back, one that waits says again that it is here. */
  #moved(): void {
    if (this.#state === "open") this.#tell(moveOn)
    else this.#say({ kind: "here" })
  }

  #open(): void {
    this.#state = "open"
    this.onopen?.({} as never)
  }

  #tell(data: string): void {
    this.onmessage?.({ data } as never)
  }

  #lose({ code, reason }: { readonly code: number; readonly reason: string }): void {
    this.close()
    this.onclose?.({ code, reason } as never)
  }

  #say(word: Word): void {
    if (this.#state === "ended") return
    this.#channel.postMessage({ ...word, tab: this.#tab, atMs: this.#clock.now() } satisfies Spoken)
  }

  /** Calls `held` with the lock, and keeps it until this end is closed, or lets go when `held` answers true. */
  #hold(name: string, how: LockOptions, held: () => unknown): void {
    let isOver = false
    const keep = () =>
      new Promise<void>((resolve) => {
        if (isOver || this.#state === "ended" || held()) resolve()
        this.#ended.signal.addEventListener("abort", () => resolve())
      })
    this.#locks.request(name, how, keep).catch((error: Error) => {
      isOver = true
      if (name !== this.#name || this.#state === "ended") return
      // Another one took it from us; or the browser gives nobody a lock, and each is alone.
      if (error.name === "AbortError") this.#depose()
      else if (!this.#hub) this.#lead()
    })
  }

  /** We lead no more, or soon will not: our connection is of no use to anyone. */
  #depose(): void {
    if (this.#hub) this.#lose({ code: 1006, reason: "" })
  }
}
