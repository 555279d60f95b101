import { z } from "zod"
import { limits } from "./limits.ts"

/**
 * Text that every store and every client can hold: well-formed Unicode without NUL.
 * A lone surrogate would be stored as U+FFFD, so what was delivered live would differ from history.
 */
export const isStorable = (text: string): boolean => text.isWellFormed() && !text.includes("\u0000")

const storable = "must be well-formed Unicode without NUL"

/** Free text of 1..`charsMax` UTF-16 code units after trimming. */
export const text = (charsMax: number) => z.string().trim().min(1).max(charsMax).refine(isStorable, storable)

/** What a person writes. */
export const content = text(limits.contentCharsMax).describe("The text, trimmed.")

/** Opaque text chosen by a client (`ref`, `client_id`): no control characters, not trimmed. */
export const opaque = (charsMax: number) =>
  z
    .string()
    .min(1)
    .max(charsMax)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
    .regex(/^[^\u0000-\u001f\u007f]*$/, "must not hold control characters")
    .refine(isStorable, storable)

export const clientId = opaque(limits.clientIdCharsMax).describe(
  "Chosen by the client, new for each message: sent again, it gives the first ack and no second message.",
)
export const ref = opaque(limits.refCharsMax).describe("Repeated in the answer.")
