import { z } from "zod"
import { cursor, role, roomRef, seq, timestamp, userRef, uuid } from "./ids.ts"
import { limits } from "./limits.ts"
import { gap } from "./resume.ts"
import { user } from "./session.ts"
import { isStorable, ref } from "./text.ts"

export const joinFrame = z.object({
  type: z.literal("join"),
  room_id: roomRef,
  since: cursor.optional().describe("The last seq seen here: what came after it is replayed first."),
  ref: ref.optional(),
})
export const leaveFrame = z.object({
  type: z.literal("leave"),
  room_id: roomRef,
  forget: z.boolean().optional().describe("Also end the membership."),
  ref: ref.optional(),
})

/** Who did it to them; absent when they did it themselves. */
const by = z
  .object({ id: uuid, username: z.string() })
  .optional()
  .describe("Who did this to them, if not they.")

/** A membership began: durable, once, not at every connect. */
export const joinEvent = z.object({
  type: z.literal("join"),
  seq,
  room_id: uuid,
  user_id: uuid,
  from: z.string(),
  role,
  by,
  timestamp,
})
/** A membership ended. */
export const leaveEvent = z.object({
  type: z.literal("leave"),
  seq,
  room_id: uuid,
  user_id: uuid,
  from: z.string(),
  by,
  timestamp,
})
/** Where someone stands in the room has changed: a role, a mute, a ban. `user_id` and `from` are theirs. */
export const memberEvent = z.object({
  type: z.literal("member"),
  seq,
  room_id: uuid,
  user_id: uuid,
  from: z.string(),
  role: role.nullable().describe("What they are now; null: no member."),
  muted_until: timestamp.nullable().describe("Until when they may only read."),
  banned: z.boolean(),
  by,
  timestamp,
})

/** A member as lists show them. */
export const member = user.extend({ role, muted_until: timestamp.nullable() })
export type Member = z.infer<typeof member>

/** Changes someone's standing; `owner` hands the room over, and its owner becomes an admin. */
export const changeMember = z
  .object({
    role,
    mute_s: z
      .number()
      .int()
      .min(0)
      .max(limits.muteSecondsMax)
      .describe("For how long they may only read, from now; 0 lets them write again."),
  })
  .partial()
const reason = z.string().trim().max(limits.reasonCharsMax).refine(isStorable).default("")
export const newBan = z.object({
  user: userRef,
  for_s: z
    .number()
    .int()
    .min(1)
    .max(limits.muteSecondsMax)
    .optional()
    .describe("For so long; for ever without."),
  reason,
})
export const ban = z.object({
  user,
  banned_by: uuid,
  banned_at: timestamp,
  until: timestamp.nullable(),
  reason: z.string(),
})
export type Ban = z.infer<typeof ban>

/** A way in for whoever has its code. */
export const newInvite = z.object({
  expires_in_s: z
    .number()
    .int()
    .min(60)
    .max(limits.inviteSecondsMax)
    .default(7 * 24 * 3_600),
  uses_max: z.number().int().min(1).max(10_000).default(1),
  role: z.enum(["member", "reader"]).default("member").describe("What it makes of whoever accepts it."),
})
export const invite = z.object({
  id: uuid,
  room_id: uuid,
  role,
  created_by: uuid,
  created_at: timestamp,
  expires_at: timestamp,
  uses: z.number().int(),
  uses_max: z.number().int(),
})
export type Invite = z.infer<typeof invite>
/** The code is told once; only a hash of it is kept. */
export const madeInvite = invite.extend({ code: z.string().describe("Told once: keep it.") })

export const joinAck = z.object({
  type: z.literal("ack"),
  ref: ref.optional(),
  room_id: uuid,
  room: z.string().describe("The room's slug, or its name where it has none."),
  head: cursor.describe("Everything up to this seq was before; live events begin after it."),
  role,
  gap: gap.optional().describe("Too much to replay: page it with history."),
})
export type JoinAck = z.infer<typeof joinAck>
