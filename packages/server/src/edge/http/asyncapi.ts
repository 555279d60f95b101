import {
  closeTable,
  type EventType,
  errorTable,
  eventSchemas,
  type FrameType,
  frameSchemas,
  limits,
} from "@klatch/protocol"
import type { z } from "zod"
import { eventGuide, isDurable, notSentYet } from "./event-guide.ts"
import { type AnswerName, answerGuide, answerSchemas, frameGuide, notSupportedYet } from "./frame-guide.ts"
import { jsonSchemaOf } from "./json-schema.ts"

const frameTypes = Object.keys(frameSchemas) as FrameType[]
const eventTypes = Object.keys(eventSchemas) as EventType[]
const answerNames = Object.keys(answerSchemas) as AnswerName[]

const schemaRef = (name: string) => ({ $ref: `#/components/schemas/${name}` })
const messageRef = (name: string) => ({ $ref: `#/components/messages/${name}` })
const channelMessageRef = (channel: Channel, name: string) => ({
  $ref: `#/channels/${channel}/messages/${name}`,
})

type Channel = "ws" | "chat"
const plainText = "plain_text"

/** The live side of the contract as an AsyncAPI 3.0 document. The server receives frames and sends events. */
export function asyncapiDocument(): object {
  return {
    asyncapi: "3.0.0",
    info: {
      title: "Klatch",
      version: "0.1.0",
      description,
      license: { name: "MIT" },
      tags: [{ name: "frame" }, { name: "event" }, { name: "answer" }],
    },
    defaultContentType: "application/json",
    servers: { node: server("ws", "localhost:8080"), secure: server("wss", "chat.example") },
    channels: {
      ws: channel("/ws", "The live connection: JSON frames in, JSON events out.", []),
      chat: channel(
        "/chat",
        "The same door, where a text frame that is no JSON object is a message to the connection's room.",
        [plainText],
      ),
    },
    operations: operations(),
    components: {
      schemas: schemas(),
      messages: messages(),
      correlationIds: {
        ref: { description: "An answer repeats the `ref` of its frame.", location: "$message.payload#/ref" },
      },
    },
    "x-close-codes": Object.entries(closeTable).map(([name, { code, reason, comeBack }]) => ({
      code,
      name,
      reason,
      come_back: comeBack,
    })),
    "x-errors": Object.entries(errorTable).map(([code, rule]) => ({ code, ...rule })),
    "x-limits": limits,
  }
}

const description = `Connect to \`/ws\` with a WebSocket; the first frame you hear is \`hello\`.
Optional subprotocol: \`klatch.v1\`.
A browser's \`Origin\` must be the server's own or one of \`CORS_ORIGINS\`.

Every frame is a JSON object with a \`type\`; a \`ref\` on it is repeated by its \`ack\` or \`error\`.
Durable events carry a \`seq\`, contiguous per room from 1: a connection receives them in that order, with no gap and
no repeat. Keep the last \`seq\` of each room; after a reconnect send them in one \`resume\`.

Be heard every ${limits.heartbeatMs / 1000} s (\`heartbeat_ms\` in \`hello\`), by any frame or a \`ping\`.
Close codes 4000 to 4499 mean come back, 4500 to 4999 do not: see \`x-close-codes\`. Errors: see \`x-errors\`.

The frames ${frameTypes
  .filter((type) => !frameGuide[type].answer)
  .map((type) => `\`${type}\``)
  .join(", ")} are answered with the error \`not_supported\` in this version.`

const server = (protocol: "ws" | "wss", host: string) => ({
  host,
  protocol,
  description: protocol === "ws" ? "A node as `npm start` runs it." : "Behind a proxy that ends TLS.",
})

const text = (description: string, more: object = {}) => ({ type: "string", description, ...more })

/** What may stand in the address of a connection. */
export const connectQuery = {
  type: "object",
  properties: {
    user: text("Open mode: who is asking; without it, or a token, you are a guest with a generated name.", {
      minLength: limits.usernameCharsMin,
      maxLength: limits.usernameCharsMax,
    }),
    u: text("The same, shorter."),
    room_id: text("A room to join at once, by id or slug; open mode makes it when missing."),
    since: text("A seq: what follows it in that room is replayed first."),
    room: text("The same."),
    r: text("The same, shorter."),
    subscribe: text(
      "With `auto` the connection follows your direct rooms and groups by itself, and the lobby when it names no " +
        "room; with `none` it follows only what it joins or resumes, as a client that keeps cursors wants it.",
      { enum: ["none", "auto"], default: "auto" },
    ),
    ticket: text("Of `POST /auth/ticket`, good for one connection: what browsers should use."),
    token: text("A JWT: one of ours, or of your application. One that is not good is refused with 401."),
  },
} as const

function channel(address: string, text: string, more: readonly string[]) {
  const names = [...frameTypes.map(frameName), ...eventTypes.map(eventName), ...answerNames, ...more]
  return {
    address,
    title: address,
    description: text,
    messages: Object.fromEntries(names.map((name) => [name, messageRef(name)])),
    bindings: { ws: { method: "GET", query: connectQuery, bindingVersion: "0.1.0" } },
  }
}

const frameName = (type: FrameType) => `frame.${type}`
const eventName = (type: EventType) => `event.${type}`

/** The message that a frame is answered with when all is well. */
function answerName(type: FrameType): string | undefined {
  const { answer } = frameGuide[type]
  return answer === "resumed" || answer === "pong" ? eventName(answer) : answer
}

/** On `/ws` one operation a frame, with its answers; `/chat` takes and gives the same, told in one each. */
function operations(): Record<string, object> {
  const send = (channel: Channel) => ({
    action: "send",
    channel: { $ref: `#/channels/${channel}` },
    summary: "Events, in order",
    messages: eventTypes.map((type) => channelMessageRef(channel, eventName(type))),
  })
  const frames = frameTypes.map((type): [string, object] => {
    const answers = [answerName(type), eventName("error")].filter((name) => name !== undefined)
    const operation = {
      action: "receive",
      channel: { $ref: "#/channels/ws" },
      summary: frameGuide[type].summary,
      ...(frameGuide[type].answer ? {} : { description: notSupportedYet }),
      messages: [channelMessageRef("ws", frameName(type))],
      reply: {
        channel: { $ref: "#/channels/ws" },
        messages: answers.map((name) => channelMessageRef("ws", name)),
      },
    }
    return [`ws.${type}`, operation]
  })
  return {
    ...Object.fromEntries(frames),
    "ws.events": send("ws"),
    "chat.frames": {
      action: "receive",
      channel: { $ref: "#/channels/chat" },
      summary: "Frames, and plain text",
      messages: [...frameTypes.map(frameName), plainText].map((name) => channelMessageRef("chat", name)),
      reply: {
        channel: { $ref: "#/channels/chat" },
        messages: [...answerNames, ...(["resumed", "pong", "error"] as const).map(eventName)].map((name) =>
          channelMessageRef("chat", name),
        ),
      },
    },
    "chat.events": send("chat"),
  }
}

function schemas(): Record<string, object> {
  const all: [string, object][] = [
    ...frameTypes.map((type): [string, object] => [
      frameName(type),
      jsonSchemaOf(frameSchemas[type], "input"),
    ]),
    ...eventTypes.map((type): [string, object] => [
      eventName(type),
      jsonSchemaOf(eventSchemas[type], "output"),
    ]),
    ...answerNames.map((name): [string, object] => [name, jsonSchemaOf(answerSchemas[name], "output")]),
    [plainText, text("What is said, as it is.", { minLength: 1, maxLength: limits.contentCharsMax })],
  ]
  return Object.fromEntries(all)
}

interface Words {
  readonly summary: string
  readonly texts: readonly (string | undefined | false)[]
  readonly example: unknown
}

function message(name: string, kind: "frame" | "event" | "answer", { summary, texts, example }: Words) {
  const description = texts.filter(Boolean).join(" ")
  const hasRef =
    kind !== "event" || ["ack", "error", "resumed", "pong"].some((type) => name === `event.${type}`)
  return {
    name: name.slice(name.indexOf(".") + 1),
    title: name,
    summary,
    ...(description ? { description } : {}),
    contentType: "application/json",
    payload: schemaRef(name),
    ...(hasRef ? { correlationId: { $ref: "#/components/correlationIds/ref" } } : {}),
    tags: [{ name: kind }],
    examples: [{ name: "example", payload: example }],
  }
}

function messages(): Record<string, object> {
  const all: [string, object][] = [
    ...frameTypes.map((type): [string, object] => {
      const { summary, text, example, answer } = frameGuide[type]
      const words = { summary, texts: [text, !answer && notSupportedYet], example }
      return [frameName(type), message(frameName(type), "frame", words)]
    }),
    ...eventTypes.map((type): [string, object] => {
      const { summary, text, example, isLater } = eventGuide[type]
      const kept = isDurable(type) ? "Durable: an entry of the log." : "Not stored."
      const words = { summary, texts: [text, kept, isLater && notSentYet], example }
      return [eventName(type), message(eventName(type), "event", words)]
    }),
    ...answerNames.map((name): [string, object] => {
      const { summary, example } = answerGuide[name]
      return [name, message(name, "answer", { summary, texts: [], example })]
    }),
  ]
  return {
    ...Object.fromEntries(all),
    [plainText]: {
      name: plainText,
      title: plainText,
      summary: "A message to the connection's room",
      description: "Answered only when it fails.",
      contentType: "text/plain",
      payload: schemaRef(plainText),
      tags: [{ name: "frame" }],
      examples: [{ name: "example", payload: "Hello!" }],
    },
  }
}

/** The zod schema behind a message of the document; undefined for plain text. */
export function schemaOfMessage(name: string): z.ZodType | undefined {
  if (Object.hasOwn(answerSchemas, name)) return answerSchemas[name as AnswerName]
  const [kind, type] = name.split(".")
  if (kind === "frame") return frameSchemas[type as FrameType]
  if (kind === "event") return eventSchemas[type as EventType]
  return undefined
}
