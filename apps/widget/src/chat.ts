import { type Client, KlatchError, type Room, type TimelineMessage } from "@klatch/client"
import { computed, effect, type ReadonlySignal, signal } from "@preact/signals"
import { type Claim, identityOf } from "./identity.ts"
import { isOriginRefused } from "./reach.ts"
import { Seen } from "./seen.ts"
import { type SharedClient, takeClient } from "./shared-client.ts"
import { signalOf } from "./signal-of.ts"
import { words } from "./words.ts"

/** Why there is no chat to see. */
export type Failure = { readonly kind: "blocked" } | { readonly kind: "refused"; readonly error: KlatchError }

/** One widget's room, and how its reader stands to it. From `start` on it is connected; disposed of, it is not. */
export class Chat implements Disposable {
  readonly client: Client
  readonly room: Room
  readonly isGuest: boolean
  readonly isOpen = signal(false)
  readonly failure = signal<Failure | null>(null)
  /** What is written and not sent: it is there again when the panel is opened again. */
  readonly draft = signal("")
  /** Messages of others after the last one read. */
  readonly unread: ReadonlySignal<number>
  /** Whether the newest messages are in view. */
  readonly isAtEnd = signal(true)
  readonly #server: string
  readonly #shared: SharedClient
  readonly #seen: Seen
  readonly #ends: (() => void)[] = []
  #isFollowing = false
  #wasInTouch = false
  #isDisposed = false

  constructor(claim: Claim, room: string) {
    const identity = identityOf(claim)
    this.#server = claim.server
    this.#shared = takeClient(identity)
    this.client = this.#shared.client
    this.room = this.client.room(room)
    this.isGuest = identity.isGuest
    this.#seen = new Seen(identity.key, room)
    this.unread = computed(() => {
      const after = this.#seen.messageId.value
      return after === null ? 0 : unreadAfter(after, this.messages.value.messages, this.self.value?.id)
    })
  }

  get messages() {
    return signalOf(this.room.messages)
  }

  get self() {
    return signalOf(this.client.user)
  }

  get connection() {
    return signalOf(this.client.connection)
  }

  /** There is no connection and was a try to make one: the next tries change nothing in what is shown. */
  get isDown(): boolean {
    const { phase, attempt } = this.connection.value
    return phase === "waiting" || (phase === "connecting" && attempt > 0)
  }

  /**
   * Begins by itself, unless nobody would gain by it: a guest who was never here has nothing unread, and would be a
   * stranger made for every visitor of the page. Such a one begins when the panel is opened.
   */
  begin(): void {
    if (!this.isGuest || this.#seen.messageId.peek() !== null) this.start()
  }

  /** Connects and follows the room; called again, tries again what had failed. */
  start(): void {
    if (this.#isFollowing && this.failure.peek() === null) return
    if (this.#isFollowing) this.#shared.unfollow(this.room)
    else this.#watch()
    this.failure.value = null
    this.#isFollowing = true
    this.#shared.follow(this.room).catch((thrown: unknown) => {
      const error = thrown instanceof KlatchError ? thrown : new KlatchError("internal", String(thrown))
      // Closed by us, or by the server: the connection's end is told by the connection.
      if (error.code !== "closed" && this.failure.peek() === null) this.#refuse(error)
    })
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true
    for (const end of this.#ends) end()
    this.#seen[Symbol.dispose]()
    this.room.typing.set(false)
    if (this.#isFollowing) this.#shared.unfollow(this.room)
    this.#shared.release()
  }

  #watch(): void {
    const isLooked = signal(document.visibilityState === "visible")
    const look = () => {
      isLooked.value = document.visibilityState === "visible"
    }
    document.addEventListener("visibilitychange", look)
    this.#ends.push(
      () => document.removeEventListener("visibilitychange", look),
      effect(() => {
        const { messages, status } = this.messages.value
        const newest = messages.findLast(({ message_id }) => message_id !== null)?.message_id ?? 0
        const isRead = this.isOpen.value && this.isAtEnd.value && isLooked.value
        // For one who comes for the first time, what was said before is not news.
        if (!isRead && !(status === "ready" && this.#seen.messageId.peek() === null)) return
        if (status !== "ready" && newest === 0) return
        this.#seen.move(newest)
        if (isRead && newest > 0) this.room.messages.markRead(newest)
      }),
      effect(() => {
        const { phase, attempt, lastError } = this.connection.value
        if (phase === "open") this.#wasInTouch = true
        if (phase === "closed" && lastError) {
          if (this.failure.peek()?.kind !== "blocked") this.#refuse(lastError)
        } else if (phase === "waiting" && attempt === 1 && !this.#wasInTouch) void this.#askWhy()
      }),
    )
  }

  /** Its visitors are told calmly, its developers why. */
  #refuse(error: KlatchError): void {
    const before = this.failure.peek()
    this.failure.value = { kind: "refused", error }
    if (before?.kind === "refused" && before.error.message === error.message) return
    console.error(words.failure.refusedForDevelopers(this.#server, this.room.ref, error.message))
  }

  /** The first try failed: if the server does not want this page, no further try helps. */
  async #askWhy(): Promise<void> {
    if (!(await isOriginRefused(this.#server)) || this.#wasInTouch || this.#isDisposed) return
    this.failure.value = { kind: "blocked" }
    console.error(words.failure.blockedForDevelopers(this.#server, location.origin))
    this.client.close()
  }
}

/** How many messages of others, not deleted, come after a message. */
export function unreadAfter(
  messageId: number,
  messages: readonly TimelineMessage[],
  selfId: string | undefined,
): number {
  let count = 0
  for (let at = messages.length - 1; at >= 0; at--) {
    const message = messages[at] as TimelineMessage
    if (message.message_id === null) continue
    if (message.message_id <= messageId) break
    if (message.user_id !== selfId && message.deleted_at === undefined) count++
  }
  return count
}
