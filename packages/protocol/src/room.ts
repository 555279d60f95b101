import { z } from "zod"
import { cursor, newSlug, role, roomKind, seq, timestamp, userRef, uuid } from "./ids.ts"
import { limits } from "./limits.ts"
import { messageEvent } from "./message.ts"
import { rights } from "./rights.ts"
import { text } from "./text.ts"

export const room = z.object({
  id: uuid,
  kind: roomKind,
  name: z.string(),
  slug: z.string().nullable().describe("Its name in addresses; null for rooms without one."),
  topic: z.string(),
  head: cursor.describe("The newest seq of its log."),
  created_at: timestamp,
  archived: z.boolean().describe("It can be read; nothing is posted, and nobody new comes in."),
  slow_mode_s: z.number().int().describe("Members may write once in so many seconds; 0: as they like."),
  rights,
  role: role.nullable().describe("The asker's role; null when not a member."),
})
export type Room = z.infer<typeof room>

/** A room of mine, as `GET /rooms` lists it. */
export const myRoom = room.extend({
  unread: z.number().int().describe("Messages I have not read."),
  read_message_id: cursor.describe("I have read up to and including this message; 0 for none."),
  last_message: messageEvent.nullable(),
})

const newKind = z.enum(["public", "private", "group"]).optional()

export const createRoom = z
  .object({
    kind: newKind.describe("`public` unless said."),
    type: newKind.describe("Another name of `kind`, which other systems' users type."),
    name: text(limits.roomNameCharsMax),
    slug: newSlug
      .optional()
      .describe("Its name in addresses; a public room without one gets it from its name."),
    topic: z
      .string()
      .trim()
      .max(limits.topicCharsMax)
      .refine((t) => t.isWellFormed() && !t.includes("\u0000"))
      .optional(),
    members: z
      .array(userRef)
      .max(limits.membersPerRequestMax)
      .optional()
      .describe("Whom to add at once, by id or name."),
  })
  .refine(({ kind, type }) => kind === undefined || type === undefined || kind === type, {
    path: ["type"],
    error: "says another kind than `kind`",
  })
  .transform(({ type, kind = type ?? "public", ...room }) => ({ ...room, kind }))
export const changeRoom = z
  .object({
    name: text(limits.roomNameCharsMax),
    topic: z
      .string()
      .trim()
      .max(limits.topicCharsMax)
      .refine((t) => t.isWellFormed() && !t.includes("\u0000")),
    archived: z.boolean(),
    slow_mode_s: z.number().int().min(0).max(limits.slowModeSecondsMax),
    rights: rights.strict(),
  })
  .partial()

/** Name, topic or settings changed. */
export const roomEvent = z.object({
  type: z.literal("room"),
  seq,
  room_id: uuid,
  user_id: uuid,
  from: z.string(),
  name: z.string(),
  topic: z.string(),
  archived: z.boolean().optional(),
  slow_mode_s: z.number().int().optional(),
  rights: rights.optional(),
  timestamp,
})
