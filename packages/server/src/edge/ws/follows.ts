import { LOBBY } from "../../chat/rooms/rooms.ts"
import type { LogRoom } from "../../log/entry.ts"
import { allSettled, readable } from "./dispatch.ts"
import type { Services } from "./services.ts"
import type { Follow, Session } from "./session.ts"

/**
 * The rooms that a connection follows without asking ([R9]): its direct rooms and groups, and the lobby where it named
 * no room, since that is where what it says goes. With `subscribe=none` there are none.
 */
export class Follows {
  readonly #services: Services
  readonly #onFailure: (session: Session, error: unknown) => void

  constructor(services: Services, onFailure: (session: Session, error: unknown) => void) {
    this.#services = services
    this.#onFailure = onFailure
  }

  /** Finds them, and where each stands, before hello: from there on nothing of them is missed. */
  async find(session: Session): Promise<void> {
    const { members, delivery, directory } = this.#services
    const { mark } = directory
    const rooms = await members.followed(session.principal.user.id)
    const lobby = session.home === undefined ? await readable(this.#services, session, LOBBY) : undefined
    for (const { room, head } of lobby ? [...rooms, { room: lobby, head: 0 }] : rooms) {
      const since = await delivery.reach(room, head)
      session.unbar(room.id, head)
      followLater(session, { room, since, mark })
    }
  }

  /**
   * Follows, from where they stood at hello, the rooms found then; but those that `named` asks for it brings itself,
   * from its own cursors: so a resume as the first frame hears each room in order.
   */
  begin(session: Session, named: readonly string[]): Promise<void> {
    const extra = session.extra()
    const follows = (extra.follows ?? []).filter(
      ({ room }) => !named.includes(room.id) && !named.includes(room.slug ?? room.id),
    )
    extra.follows = undefined
    return allSettled(follows.map((one) => this.#follow(session, one)))
  }

  /**
   * Rooms that the user gained are followed from where they did, those lost are heard no more: by `head`, where that
   * room's log stood when it was so. Null: its log has told already.
   */
  onInboxFrame(session: Session, frame: string, head?: number | null): void {
    const event = JSON.parse(frame) as {
      type: string
      room_id: string
      since?: number
      room: { id: string; kind?: string }
    }
    if (event.type === "room_removed") {
      // Also to whoever follows the room alone, or its silence would look like nobody spoke.
      const isTold = session.isAuto || session.isSubscribed(event.room_id)
      if (session.tellBarred(event.room.id) && !isTold) session.send(frame)
      if (head !== null) session.bar(event.room.id, head)
    }
    if (event.type === "room_added") session.unbar(event.room.id)
    if (event.type !== "room_added" || !session.isAuto) return
    const { kind } = event.room
    if (kind === "direct" || kind === "group") this.#followFound(session, event.room.id, event.since ?? 0)
  }

  /** The lobby is made by who first speaks there: those who are connected then hear it from its beginning. */
  onMade({ id, kind, label }: LogRoom, sessions: Iterable<Session>): void {
    if (kind !== "public" || label !== LOBBY) return
    for (const session of sessions)
      if (session.isAuto && session.home === undefined && !session.isStranger)
        this.#followFound(session, id, 0)
  }

  /** At once, or once the connection is open. */
  #followFound(session: Session, roomId: string, since: number): void {
    const { directory } = this.#services
    const { mark } = directory
    directory
      .find(roomId)
      .then(async (room) => {
        // An end of the membership before this one is heard first, and does not end this one.
        if (room) await this.#services.delivery.reach(room, since)
        session.unbar(roomId, since)
        if (room && session.isOpen) return this.#follow(session, { room, since, mark })
        if (room) followLater(session, { room, since, mark })
      })
      .catch((error) => this.#onFailure(session, error))
  }

  async #follow(session: Session, { room, since, mark }: Follow): Promise<void> {
    const { directory, delivery } = this.#services
    // What was found before hello may have changed since.
    const now = directory.remember(room, mark) ? room : await directory.find(room.id)
    if (now && !session.isSubscribed(now.id)) await delivery.attach(now, session, since, () => {})
  }
}

/** What was found before the connection opened; what is there already stays as it is. */
function followLater(session: Session, follow: Follow): void {
  const extra = session.extra()
  extra.follows ??= []
  if (!extra.follows.some((one) => one.room.id === follow.room.id)) extra.follows.push(follow)
}
