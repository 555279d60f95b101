import { type FrameOf, type FrameType, isUuid, type Role } from "@klatch/protocol"
import { NO_SUCH_ROOM, type RoomInfo } from "../../chat/members/members.ts"
import type { NewMessage } from "../../chat/messages/messages.ts"
import { readEvent, topicsToldOf } from "../../chat/receipts/receipts.ts"
import { broadcastRoom, LOBBY } from "../../chat/rooms/rooms.ts"
import { shouldTell, typingEvent } from "../../chat/typing/typing.ts"
import { AppError } from "../../lib/app-error.ts"
import type { Cutover } from "../../live/delivery.ts"
import type { Services } from "./services.ts"
import type { Session } from "./session.ts"

type Handler<T extends FrameType> = (
  services: Services,
  session: Session,
  frame: FrameOf<T>,
) => void | Promise<void>

const SENDS_PENDING_MAX = 512
const RESUMES_AT_ONCE_MAX = 16

const notYet = () => {
  throw new AppError("not_supported")
}

/** What each frame does: total, so that a frame of the contract without an answer is a type error. */
export const handlers: { readonly [T in FrameType]: Handler<T> } = {
  message: (services, session, frame) => sendTo(services, session, frame.room_id, frame, frame.ref),
  chat: (services, session, { body, room_id, client_id, ref }) =>
    room_id === undefined
      ? sendHome(services, session, { content: body, client_id }, ref)
      : sendTo(services, session, room_id, { content: body, client_id }, ref),
  async dm(services, session, frame) {
    const { users, rooms } = services
    // In open mode a name is its user's: someone may be written to before they first come.
    const isMade = services.isOpen && !isUuid(frame.to)
    const other = await (isMade ? users.ensure(frame.to) : users.find(frame.to))
    await submit(services, session, await rooms.direct(session.principal, other), frame, frame.ref)
  },
  async group(services, session, frame) {
    const room = await services.rooms.ensureGroup(session.principal, frame.to)
    const isAdmitted = services.isOpen && room.kind === "group"
    if (services.isOpen) await services.members.join(session.principal, room, isAdmitted)
    await services.messages.admit(session.principal, room, frame)
    await submit(services, session, room, frame, frame.ref)
  },
  async broadcast(services, session, frame) {
    const room = await services.rooms.find(session.principal, broadcastRoom.id)
    await services.members.require(session.principal, "post", room)
    await submit(services, session, room, frame, frame.ref)
  },
  join: (services, session, frame) => joinRoom(services, session, frame.room_id, frame.since, frame.ref),
  async leave(services, session, frame) {
    const room = await services.rooms.find(session.principal, frame.room_id)
    const { principal: by, address } = session
    const heir = frame.forget ? await services.members.leave(by, room) : undefined
    const act = { by, target: heir?.username, roomId: room.id, address }
    if (heir) await services.audit.record({ action: "ownership_passed", ...act })
    if (!frame.forget && !session.isSubscribed(room.id))
      await services.members.require(session.principal, "read", room)
    session.unsubscribe(room.id)
    session.reply({ type: "ack", ref: frame.ref, room_id: room.id })
  },
  resume,
  async history(services, session, frame) {
    const room = await openRoom(services, session, "read", frame)
    session.reply({
      type: "ack",
      ref: frame.ref,
      room_id: room.id,
      ...(await services.messages.history(session.principal, room, frame)),
    })
  },
  async edit(services, session, frame) {
    const room = await openRoom(services, session, "read", frame)
    const { message_id, content } = frame
    replyChange(
      session,
      frame,
      room,
      await services.messages.edit(session.principal, room, message_id, content, session.address),
    )
  },
  async delete(services, session, frame) {
    const room = await openRoom(services, session, "read", frame)
    const { message_id } = frame
    const { messages } = services
    const changed = await messages.delete(session.principal, room, message_id, session.address)
    replyChange(session, frame, room, changed)
  },
  typing,
  async read(services, session, frame) {
    // Whoever follows a room may read it, and in use everyone does: that needs no question to the database.
    const known = services.directory.peek(frame.room_id)
    const isFollowed = known !== undefined && session.isSubscribed(known.id)
    const room = isFollowed ? known : await openRoom(services, session, "read", frame)
    const mark = await services.receipts.mark(session.principal, room, frame.message_id)
    if (mark !== null) tellRead(services, session, room, mark)
    session.reply({ type: "ack", ref: frame.ref, room_id: room.id })
  },
  ping: (_services, session, { ref }) => session.reply({ type: "pong", ref }),
  react: notYet,
  unreact: notYet,
  pin: notYet,
  unpin: notYet,
  presence: notYet,
  auth: (services, session, { token, ref }) => services.authenticate(session, token, ref),
}

/** The room a frame names. Rejects unless the principal may do `action` there. */
async function openRoom(
  services: Services,
  session: Session,
  action: "read",
  frame: { readonly room_id: string },
): Promise<RoomInfo> {
  const room = await services.rooms.find(session.principal, frame.room_id)
  await services.members.require(session.principal, action, room)
  return room
}

/** The ack of a message that was changed: its own seq, and what it changed. */
function replyChange(
  session: Session,
  { ref, message_id }: FrameOf<"edit" | "delete">,
  room: RoomInfo,
  { seq, at }: { readonly seq: number; readonly at: string },
): void {
  session.reply({ type: "ack", ref, room_id: room.id, seq, message_id, timestamp: at })
}

/** To the room given at connect, else to the lobby, which is made and joined when it must be. */
export function sendHome(
  services: Services,
  session: Session,
  message: NewMessage,
  ref: string | undefined,
  isQuiet = false,
): void | Promise<void> {
  const home = session.home ?? LOBBY
  if (typeof home === "object") return sendTo(services, session, home.id, message, ref, isQuiet)
  return services.rooms
    .ensurePublic(session.principal, home)
    .then((room) => sendTo(services, session, room.id, message, ref, isQuiet))
}

/** At once when the connection follows the room; else after asking who is who. */
function sendTo(
  services: Services,
  session: Session,
  roomRef: string,
  message: NewMessage,
  ref: string | undefined,
  isQuiet = false,
): void | Promise<void> {
  const room = services.directory.peek(roomRef)
  const isSimple = message.reply_to === undefined && message.thread_id === undefined
  if (room && isSimple && session.isSubscribed(room.id) && services.members.mayPost(session.principal, room))
    return submit(services, session, room, message, ref, isQuiet)
  return sendAsked(services, session, roomRef, message, ref, isQuiet)
}

async function sendAsked(
  services: Services,
  session: Session,
  roomRef: string,
  message: NewMessage,
  ref: string | undefined,
  isQuiet: boolean,
): Promise<void> {
  const room = await services.rooms.find(session.principal, roomRef)
  await services.messages.admit(session.principal, room, message)
  await submit(services, session, room, message, ref, isQuiet)
}

/** Hands the message to the log; the answer comes when it is durable. */
function submit(
  services: Services,
  session: Session,
  room: RoomInfo,
  message: NewMessage,
  ref: string | undefined,
  isQuiet = false,
): void | Promise<void> {
  if (room.kind === "inbox") throw new AppError("forbidden", "Nobody writes into an inbox.")
  const pacing = services.messages.pace(session.principal, room, message.client_id)
  if (pacing) return pacing.then(() => hand(services, session, room, message, ref, isQuiet))
  hand(services, session, room, message, ref, isQuiet)
}

function hand(
  services: Services,
  session: Session,
  room: RoomInfo,
  message: NewMessage,
  ref: string | undefined,
  isQuiet: boolean,
): void {
  const extra = session.extra()
  if (extra.sendsPending >= SENDS_PENDING_MAX)
    throw new AppError("rate_limited", "Too many messages are waiting for their acks.", { retryAfterMs: 500 })
  extra.sendsPending++
  // The message ends the typing for everyone; going on is news again.
  extra.typingToldMs = Number.NEGATIVE_INFINITY
  services.messages.send(session.principal, room, message, (error, ack) => {
    extra.sendsPending--
    if (error) {
      services.events.answeredError(error.code)
      session.replyError(error, ref)
    } else if (!isQuiet) session.replySoon({ ref, ...ack })
  })
}

/** Joins a room, made when it is a public one that open mode lacks; replays what follows `since`. */
export async function joinRoom(
  services: Services,
  session: Session,
  roomRef: string,
  since: number | undefined,
  ref: string | undefined,
): Promise<void> {
  const { rooms, members, delivery } = services
  const room =
    isUuid(roomRef) || roomRef === session.principal.user.id
      ? await rooms.find(session.principal, roomRef)
      : await rooms.ensurePublic(session.principal, roomRef)
  session.unbar(room.id)
  const { role, head } = await members.join(session.principal, room)
  await reach(services, session, room, head)
  if (session.home === roomRef) session.home = room
  const tell = (cutover: Cutover) => session.reply(joinAck(room, role, cutover, ref))
  if ((await delivery.attach(room, session, since, tell)) === "refused")
    throw new AppError("not_found", NO_SUCH_ROOM)
}

/**
 * What happened up to `head`, when the session had the right to hear this room, happens here first: an end of a
 * membership that was over by then must not come later and end this one.
 */
export async function reach(
  { delivery }: Services,
  session: Session,
  room: RoomInfo,
  head: number,
): Promise<void> {
  await delivery.reach(room, head)
  session.unbar(room.id, head)
}

const joinAck = (room: RoomInfo, role: Role, cutover: Cutover, ref: string | undefined) => ({
  type: "ack",
  ref,
  room_id: room.id,
  room: room.label,
  head: cutover.head,
  role,
  gap: cutover.gap,
})

/**
 * All rooms at once. Rooms with too much to replay go live only in the tick in which `resumed` is sent, so that
 * their first live event comes after the word of the gap.
 */
async function resume(services: Services, session: Session, frame: FrameOf<"resume">): Promise<void> {
  const resumed: Record<string, Cutover> = {}
  const refused: string[] = []
  const held: { room: RoomInfo; since: number }[] = []
  const cursors = Object.entries(frame.rooms)
  const resumeOne = async ([id, since]: [string, number]) => {
    const room = await readable(services, session, id)
    if (!room) return void refused.push(id)
    const outcome = await services.delivery.attach(
      room,
      session,
      since,
      (cutover) => {
        resumed[id] = cutover
      },
      true,
    )
    if (outcome === "held") held.push({ room, since })
    if (outcome === "refused") refused.push(id)
  }
  try {
    for (let i = 0; i < cursors.length; i += RESUMES_AT_ONCE_MAX)
      await allSettled(cursors.slice(i, i + RESUMES_AT_ONCE_MAX).map(resumeOne))
  } catch (error) {
    // Nobody was told of these gaps: none of them may go live.
    for (const { room } of held) services.delivery.release(room)
    throw error
  }
  for (const { room, since } of held) {
    const cutover = services.delivery.cutoverAt(room, session, since)
    if (cutover === "refused") refused.push(room.id)
    else resumed[room.id] = cutover
  }
  session.reply({
    type: "resumed",
    ref: frame.ref,
    rooms: resumed,
    refused: refused.length > 0 ? refused : undefined,
  })
}

/** Waits for all, then rejects with the first failure: nothing goes on behind the answer's back. */
export async function allSettled(work: Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(work))
    if (outcome.status === "rejected") throw outcome.reason
}

/** The room when the principal may read it, else undefined. */
export async function readable(
  services: Services,
  session: Session,
  id: string,
): Promise<RoomInfo | undefined> {
  try {
    const room = await services.rooms.find(session.principal, id)
    session.unbar(room.id)
    const { head = 0 } = await services.members.require(session.principal, "read", room)
    await reach(services, session, room, head)
    return room
  } catch (error) {
    if (error instanceof AppError) return undefined
    throw error
  }
}

function typing(services: Services, session: Session, frame: FrameOf<"typing">): void {
  const room = services.directory.peek(frame.room_id)
  if (!room || !session.isSubscribed(room.id)) throw new AppError("not_found", "Join this room first.")
  const nowMs = services.clock.monotonicMs()
  const extra = session.extra()
  if (shouldTell(frame.active, extra.typingToldMs, nowMs)) {
    extra.typingToldMs = frame.active ? nowMs : Number.NEGATIVE_INFINITY
    // Who may not write here is not told to write. What is not known is asked in the background, and nobody waits.
    const may = services.members.mayType(session.principal, room)
    if (may === true) tellTyping(services, session, room, frame.active)
    else if (may !== false)
      may.then(
        (isAllowed) => isAllowed && tellTyping(services, session, room, frame.active),
        () => undefined,
      )
  }
  if (frame.ref !== undefined) session.reply({ type: "ack", ref: frame.ref, room_id: room.id })
}

function tellTyping(services: Services, session: Session, room: RoomInfo, active: boolean): void {
  if (!session.isOpen) return
  const event = typingEvent(session.principal, room, active)
  session.publishToOthers(room.id, event)
  services.bus().publishPassing(room.id, event)
}

/** Tells of a mark that moved, but not the connection that moved it. */
function tellRead(services: Services, session: Session, room: RoomInfo, mark: number): void {
  const event = readEvent(session.principal, room, mark)
  for (const topic of topicsToldOf(session.principal, room)) {
    // The mark was kept, though the connection may be gone by now: the others hear of it all the same.
    if (session.isOpen) session.publishToOthers(topic, event)
    else services.delivery.deliverPassing(topic, event)
    services.bus().publishPassing(topic, event)
  }
}
