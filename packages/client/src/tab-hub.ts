import type { EventOf } from "@klatch/protocol"

/** Where a hub's words go. */
export interface TabHubOptions {
  /** To the server. */
  readonly send: (text: string) => void
  /** To one tab, or to all. */
  readonly deliver: (tab: string | null, text: string) => void
}

/** Stands between a tab's name and its own `ref`. */
const mark = "~"

/** What is looked at of a frame of ours, or of something the server said. */
interface Parsed {
  readonly type: string
  readonly ref?: string
  readonly room_id?: string
  readonly message_id?: number
  readonly rooms?: object
}

/**
 * Many tabs on one connection. Answers go to who asked, by a prefix in `ref`; events go to everyone, who drop what
 * they have seen. A room is left when the last tab that follows it is gone. How far a tab has read is told to all, as
 * the server tells it to a user's other connections.
 */
export class TabHub {
  readonly #options: TabHubOptions
  readonly #rooms = new Map<string, Set<string>>()
  /** Joins, resumes and reads without an answer yet, by their `ref` on the wire. */
  readonly #asked = new Map<string, Parsed>()
  /** The server's greeting, for tabs that come later. */
  hello: string | null = null

  constructor(options: TabHubOptions) {
    this.#options = options
  }

  /** A frame of a tab, as its client wrote it. */
  frame(tab: string, text: string): void {
    const { send } = this.#options
    const frame: Parsed = JSON.parse(text)
    const { type, room_id, ref } = frame
    if (type === "leave" && room_id) {
      this.#roomsOf(tab).delete(room_id)
      // Nobody asks for the answer to it.
      if (this.#isWanted(room_id)) return
    }
    // The answer to a read is wanted here, if not by the tab.
    const own = ref ?? (type === "read" && room_id)
    if (!own) {
      send(text)
      return
    }
    const outer = tab + mark + own
    if (type === "join" || type === "resume" || type === "read") this.#asked.set(outer, frame)
    send(JSON.stringify({ ...frame, ref: outer }))
  }

  /** Something the server said. Throws for what is no JSON object, which is then heard by nobody. */
  event(text: string): void {
    const event: Parsed = JSON.parse(text)
    if (event.type === "hello") this.hello = text
    const { deliver } = this.#options
    const { ref = "" } = event
    const at = ref.indexOf(mark)
    if (at < 0) {
      deliver(null, text)
      return
    }
    const tab = ref.slice(0, at)
    const frame = this.#asked.get(ref)
    this.#asked.delete(ref)
    if (frame && event.type !== "error") this.#answered(tab, frame, event)
    deliver(tab, JSON.stringify({ ...event, ref: ref.slice(at + 1) }))
  }

  /** A tab was closed. */
  gone(tab: string): void {
    const rooms = this.#roomsOf(tab)
    this.#rooms.delete(tab)
    for (const ref of this.#asked.keys()) if (ref.startsWith(tab + mark)) this.#asked.delete(ref)
    for (const room_id of rooms)
      if (!this.#isWanted(room_id)) this.#options.send(JSON.stringify({ type: "leave", room_id }))
  }

  #answered(tab: string, { type, message_id }: Parsed, { room_id = "", rooms }: Parsed): void {
    if (type === "read") {
      const { user }: EventOf<"hello"> = JSON.parse(this.hello ?? "")
      this.#options.deliver(null, JSON.stringify({ type, room_id, user_id: user.id, message_id }))
    } else for (const id of Object.keys(rooms ?? { [room_id]: room_id })) this.#roomsOf(tab).add(id)
  }

  /** While someone is about to join, nobody knows which room that will be: then none is left. */
  #isWanted(roomId: string): boolean {
    return (
      [...this.#asked.values()].some(({ type }) => type !== "read") ||
      [...this.#rooms.values()].some((rooms) => rooms.has(roomId))
    )
  }

  #roomsOf(tab: string): Set<string> {
    const rooms = this.#rooms.get(tab) ?? new Set()
    this.#rooms.set(tab, rooms)
    return rooms
  }
}
