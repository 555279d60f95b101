import { limits, ref as refSchema } from "@klatch/protocol"
import { AppError } from "../../lib/app-error.ts"

/** The rooms that a first frame joins or resumes by itself. */
export function roomsNamedBy(frame: object | undefined): string[] {
  const { type, room_id, rooms } = (frame ?? {}) as { type?: unknown; room_id?: unknown; rooms?: unknown }
  if (type === "join") return typeof room_id === "string" ? [room_id.toLowerCase()] : []
  if (type !== "resume" || typeof rooms !== "object" || rooms === null) return []
  return Object.keys(rooms).map((id) => id.toLowerCase())
}

/** What is said by plain text, trimmed. Throws `invalid_field`. */
export function plainContent(data: string | Buffer): string {
  const content = String(data).trim()
  if (content.length === 0 || content.length > limits.contentCharsMax)
    throw new AppError("invalid_field", `content: must be 1..${limits.contentCharsMax} characters`)
  if (content.includes("\u0000")) throw new AppError("invalid_field", "content: must not hold NUL")
  return content
}

/** A frame as it came: undefined for plain text. */
export interface ReadFrame {
  readonly frame: { readonly type?: unknown } | undefined
  readonly ref: string | undefined
}

/** The JSON object of a frame and its ref; where plain text is allowed, what is no object is that. */
export function readFrame(data: string | Buffer, isPlainText: boolean): ReadFrame {
  if (typeof data !== "string") throw new AppError("bad_json", "Frames are text; this one is binary.")
  const value = objectOf(data)
  if (value === undefined && !isPlainText) throw new AppError("bad_json")
  const given = refSchema.safeParse(value?.ref)
  return { frame: value, ref: given.success ? given.data : undefined }
}

function objectOf(text: string): { readonly type?: unknown; readonly ref?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}
