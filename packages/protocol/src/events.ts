import type { z } from "zod"
import { mentionedEvent, notifiedEvent, roomAddedEvent, roomRemovedEvent } from "./inbox.ts"
import { joinEvent, leaveEvent, memberEvent } from "./member.ts"
import { deleteEvent, editEvent, messageEvent } from "./message.ts"
import { pinEvent } from "./pin.ts"
import { presenceEvent } from "./presence.ts"
import { reactionEvent } from "./reaction.ts"
import { readEvent } from "./read.ts"
import { resumedEvent } from "./resume.ts"
import { roomEvent } from "./room.ts"
import { ackEvent, drainEvent, errorEvent, helloEvent, pongEvent } from "./session.ts"
import { typingEvent } from "./typing.ts"

/** Entries of a room's or an inbox's log: each takes its own seq. */
export const durableEventSchemas = {
  message: messageEvent,
  edit: editEvent,
  delete: deleteEvent,
  reaction: reactionEvent,
  pin: pinEvent,
  join: joinEvent,
  leave: leaveEvent,
  member: memberEvent,
  room: roomEvent,
  room_added: roomAddedEvent,
  room_removed: roomRemovedEvent,
  mentioned: mentionedEvent,
  notified: notifiedEvent,
} as const

/** Told once and not stored. */
export const passingEventSchemas = {
  hello: helloEvent,
  ack: ackEvent,
  error: errorEvent,
  resumed: resumedEvent,
  typing: typingEvent,
  read: readEvent,
  presence: presenceEvent,
  drain: drainEvent,
  pong: pongEvent,
} as const

export const eventSchemas = { ...durableEventSchemas, ...passingEventSchemas } as const

export type DurableEventType = keyof typeof durableEventSchemas
export type EventType = keyof typeof eventSchemas
export type EventOf<T extends EventType> = z.output<(typeof eventSchemas)[T]>
export type DurableEvent = { [T in DurableEventType]: EventOf<T> }[DurableEventType]
export type Event = { [T in EventType]: EventOf<T> }[EventType]
