/** Where a hub's words go. */
export interface TabHubOptions {
  /** To the server. */
  readonly send: (text: string) => void
  /** To one tab, or to all. */
  readonly deliver: (tab: string | null, text: string) => void
}

/** Stands between a tab's name and its own `ref`. */
const mark = "~"

interface Parsed {
  readonly type?: unknown
  readonly ref?: unknown
  readonly room_id?: unknown
  readonly rooms?: unknown
}

/**
 * Many tabs on one connection. Answers go to who asked, by a prefix in `ref`; events go to everyone, who drop what
 * they have seen. A room is left when the last tab that follows it is gone.
 */
export class TabHub {
  readonly #options: TabHubOptions
  readonly #rooms = new Map<string, Set<string>>()
  /** Joins and resumes without an answer yet, by their `ref` on the wire. */
  readonly #joining = new Set<string>()
  /** The server's greeting, for tabs that come later. */
  hello: string | null = null

  constructor(options: TabHubOptions) {
    this.#options = options
  }

  /** A frame of a tab. What is no JSON object is the server's to refuse. */
  frame(tab: string, text: string): void {
    const frame = parsed(text)
    if (frame?.type === "leave" && typeof frame.room_id === "string") {
      this.#roomsOf(tab).delete(frame.room_id)
      if (this.#isWanted(frame.room_id)) {
        this.#answerLeave(tab, frame)
        return
      }
    }
    if (typeof frame?.ref !== "string") {
      this.#options.send(text)
      return
    }
    const ref = `${tab}${mark}${frame.ref}`
    if (frame.type === "join" || frame.type === "resume") this.#joining.add(ref)
    this.#options.send(JSON.stringify({ ...frame, ref }))
  }

  /** Something the server said. */
  event(text: string): void {
    const event = parsed(text)
    if (event?.type === "hello") this.hello = text
    const at = typeof event?.ref === "string" ? event.ref.indexOf(mark) : -1
    if (!event || typeof event.ref !== "string" || at < 0) {
      this.#options.deliver(null, text)
      return
    }
    const tab = event.ref.slice(0, at)
    if (this.#joining.delete(event.ref)) this.#joined(tab, event)
    this.#options.deliver(tab, JSON.stringify({ ...event, ref: event.ref.slice(at + 1) }))
  }

  /** A tab was closed. */
  gone(tab: string): void {
    const rooms = this.#roomsOf(tab)
    this.#rooms.delete(tab)
    for (const ref of this.#joining) if (ref.startsWith(`${tab}${mark}`)) this.#joining.delete(ref)
    for (const room_id of rooms)
      if (!this.#isWanted(room_id)) this.#options.send(JSON.stringify({ type: "leave", room_id }))
  }

  #joined(tab: string, event: Parsed): void {
    const rooms = this.#roomsOf(tab)
    if (event.type === "ack" && typeof event.room_id === "string") rooms.add(event.room_id)
    if (event.type === "resumed") for (const id of Object.keys(event.rooms ?? {})) rooms.add(id)
  }

  /** While someone is about to join, nobody knows which room that will be: then none is left. */
  #isWanted(roomId: string): boolean {
    return this.#joining.size > 0 || [...this.#rooms.values()].some((rooms) => rooms.has(roomId))
  }

  #answerLeave(tab: string, { ref, room_id }: Parsed): void {
    if (ref !== undefined) this.#options.deliver(tab, JSON.stringify({ type: "ack", ref, room_id }))
  }

  #roomsOf(tab: string): Set<string> {
    const rooms = this.#rooms.get(tab) ?? new Set()
    this.#rooms.set(tab, rooms)
    return rooms
  }
}

function parsed(text: string): Parsed | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null
  } catch {
    return null
  }
}
