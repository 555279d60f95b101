import {
  historyPage,
  httpError,
  limits,
  messageEvent,
  messageId,
  myRoom,
  room,
  roomRef,
} from "@klatch/protocol"
import { z } from "zod"
import { sample } from "./sample.ts"

/**
 * Answers that the document names once. By `meta`, not by the `openapi` method: schemas of the contract may have been
 * made before that method was given to zod.
 */
export const errorBody = httpError.meta({ id: "Error" })
export const messageBody = messageEvent.meta({ id: "Message" })
export const roomBody = room.meta({ id: "Room" })
export const myRoomBody = myRoom
  .extend({ last_message: z.union([messageBody, z.null()]) })
  .meta({ id: "MyRoom" })
export const historyBody = historyPage
  .extend({ messages: z.array(messageBody).describe("Oldest first.") })
  .meta({ id: "HistoryPage" })

/** In open mode the asker's name rides in the query. */
export const asker = z.object({
  user: z.string().optional().meta({ description: "Open mode: who is asking.", example: "alice" }),
  u: z.string().optional().describe("The same, shorter."),
})

export const roomPath = z.object({ id: roomRef.meta({ example: "lobby" }) })
export const messagePath = roomPath.extend({
  message_id: z.coerce
    .number()
    .int()
    .min(1)
    .max(Number.MAX_SAFE_INTEGER)
    .meta({ description: messageId.description ?? "", example: sample.message.message_id }),
})

export const listLimit = z.coerce
  .number()
  .int()
  .min(1)
  .max(limits.pageMax)
  .default(limits.pageDefault)
  .describe("How many at most.")

/** A JSON answer, with an example of it where one helps. */
export const json = <T extends z.ZodType>(schema: T, description: string, example?: z.output<T>) => ({
  content: { "application/json": { schema, ...(example === undefined ? {} : { example }) } },
  description,
})
/** A JSON body that must be there, with an example of it. */
export const body = <T extends z.ZodType>(schema: T, example: z.input<T>) => ({
  content: { "application/json": { schema, example } },
  required: true,
})

/** What any route may fail with. */
export const errors = {
  400: json(errorBody, "Something in the request is wrong: the message says what."),
  401: json(errorBody, "It is not said who is asking, or in a way that this server cannot check."),
  429: json(errorBody, "Too fast: come back after `retry_after_ms`."),
  503: json(errorBody, "Not now: try again after `retry_after_ms`."),
} as const

/** What a route about one room may fail with besides. */
export const roomErrors = {
  ...errors,
  403: json(errorBody, "Not allowed to whom is asking."),
  404: json(errorBody, "Not there, or not for you to know."),
} as const

/** What a route that takes a body may fail with besides. */
export const bodyErrors = {
  413: json(errorBody, `The body is larger than ${limits.bodyBytesMax.toLocaleString("en")} bytes.`),
  415: json(errorBody, "The body is not `application/json`."),
} as const
