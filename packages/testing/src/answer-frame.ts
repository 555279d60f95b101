import { type Event, frameSchemas, isFrameType, ref as refSchema } from "@klatch/protocol"
import { type Answer, type FrameServices, handlers } from "./frames.ts"
import type { MemorySocket } from "./memory-socket.ts"
import { checked, Refusal } from "./refusal.ts"

/** Answers a frame as the server does, errors included. */
export function answerFrame(services: FrameServices, socket: MemorySocket, frame: unknown): void {
  const ref = refSchema.safeParse((frame as { ref?: unknown } | null)?.ref).data
  const named = ref === undefined ? {} : { ref }
  try {
    const answer = answerTo(services, socket, frame)
    if (answer) socket.deliver({ type: "ack", ...named, ...answer } as Event)
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown
    socket.deliver({ type: "error", ...named, code: thrown.code, message: thrown.message })
  }
}

function answerTo(services: FrameServices, socket: MemorySocket, frame: unknown): Answer {
  if (typeof frame !== "object" || frame === null || Array.isArray(frame)) throw new Refusal("bad_json")
  const { type } = frame as { type?: unknown }
  if (!isFrameType(type)) throw new Refusal("unknown_type")
  const schema = frameSchemas[type] as Parameters<typeof checked>[0]
  // The table is total and each schema belongs to its handler; TypeScript cannot follow the pair through a union.
  const handle = handlers[type] as (services: FrameServices, socket: MemorySocket, frame: unknown) => Answer
  return handle(services, socket, checked(schema, frame, type))
}
