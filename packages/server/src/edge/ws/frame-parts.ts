import { limits } from "@klatch/protocol"
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
