import { z } from "zod"
import { limits } from "./limits.ts"

// No flags: documents made from the schema carry the pattern alone.
const uuidPattern = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/

/** Whether `value` has the shape of a UUID (any version, any case). */
export const isUuid = (value: string): boolean => uuidPattern.test(value)

/** Ids of users, rooms and files: UUIDv7 (RFC 9562), lower case. */
export const uuid = z.string().regex(uuidPattern, "must be a UUID").toLowerCase()

/** A place in a room's log: contiguous per room, from 1. */
export const seq = z
  .number()
  .int()
  .min(1)
  .max(Number.MAX_SAFE_INTEGER)
  .describe("Its place in the room's log: contiguous from 1, the same for everyone.")

/** A client's cursor: the last seq it has, 0 for nothing. */
export const cursor = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)

/** The seq at which a message was born. */
export const messageId = seq.describe("A message of this room, by the seq at which it was born.")

/** A room's name in addresses. Upper case is folded. */
export const slug = z
  .string()
  .toLowerCase()
  .min(1)
  .max(limits.slugCharsMax)
  .regex(/^[a-z0-9_-]+$/, "must be 1..64 of a-z, 0-9, _ and -")

/** A slug for a room to be made: one that looks like an id could be taken for the room of that id. */
export const newSlug = slug.refine((value) => !isUuid(value), "must not look like an id")

/** A room, by id or by slug. */
export const roomRef = slug.describe("A room, by id or by slug; upper case is folded.")

/** A user's name, compared case-blind. */
export const username = z
  .string()
  .min(limits.usernameCharsMin)
  .max(limits.usernameCharsMax)
  .regex(/^[A-Za-z0-9_.-]+$/, "must be 2..32 of A-Z, a-z, 0-9, _, . and -")

/** A user, by id or by name. */
export const userRef = z
  .union([uuid, username], "must be a user's id or name")
  .describe("A user, by id or by name.")

/** RFC 3339 UTC with milliseconds. */
export const timestamp = z.iso.datetime({ precision: 3 }).describe("RFC 3339, UTC, with milliseconds.")

export const roomKind = z.enum(["public", "private", "group", "direct", "broadcast", "inbox"])
export type RoomKind = z.infer<typeof roomKind>

/** A room's kind as `message` events tell it. */
export const messageKind = z.enum(["room", "group", "dm", "broadcast"])
export type MessageKind = z.infer<typeof messageKind>

export const role = z
  .enum(["owner", "admin", "moderator", "member", "reader"])
  .describe("What a member may do, from most to least.")
export type Role = z.infer<typeof role>
