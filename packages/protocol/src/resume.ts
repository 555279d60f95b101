import { z } from "zod"
import { cursor, seq, uuid } from "./ids.ts"
import { limits } from "./limits.ts"
import { ref } from "./text.ts"

export const resumeFrame = z.object({
  type: z.literal("resume"),
  rooms: z
    .record(uuid, cursor)
    .refine(
      (rooms) => Object.keys(rooms).length <= limits.resumeRoomsMax,
      `at most ${limits.resumeRoomsMax} rooms`,
    )
    .describe(`Room id to the last seq seen there, 0 for nothing; at most ${limits.resumeRoomsMax} rooms.`),
  ref: ref.optional(),
})

/** Entries that were not replayed, both ends included. */
export const gap = z.object({
  from: seq.describe("The first seq that was not replayed."),
  to: seq.describe("The last."),
})

export const resumedRoom = z.object({
  head: cursor.describe("Everything up to this seq was before; live events begin after it."),
  gap: gap.optional().describe("Not replayed: page it with history."),
})

/** Ends a resume. A room the user may not read, or that is gone, is told in `refused`. */
export const resumedEvent = z.object({
  type: z.literal("resumed"),
  ref: ref.optional(),
  rooms: z.record(uuid, resumedRoom).describe("Room id to where it stands."),
  refused: z.array(uuid).optional().describe("Rooms that are gone, or not yours to read."),
})
export type ResumedEvent = z.infer<typeof resumedEvent>
