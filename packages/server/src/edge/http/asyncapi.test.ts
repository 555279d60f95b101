import { describe, expect, test } from "bun:test"
import { closeTable, errorTable, eventSchemas, frameSchemas, limits } from "@klatch/protocol"
import { asyncapiDocument, schemaOfMessage } from "./asyncapi.ts"
import { faultyRefs, pointed } from "./document.fixture.ts"
import { eventGuide } from "./event-guide.ts"
import { answerSchemas, frameGuide } from "./frame-guide.ts"

type Ref = { $ref: string }
interface Message {
  name: string
  title: string
  summary: string
  description?: string
  contentType: string
  payload: Ref
  examples: { payload: unknown }[]
}
interface Operation {
  action: string
  channel: Ref
  summary: string
  description?: string
  messages: Ref[]
  reply?: { channel: Ref; messages: Ref[] }
}
interface Document {
  asyncapi: string
  info: { title: string; version: string; description: string }
  servers: Record<string, { host: string; protocol: string }>
  channels: Record<
    string,
    { address: string; messages: Record<string, Ref>; bindings: { ws: { query: { properties: object } } } }
  >
  operations: Record<string, Operation>
  components: {
    messages: Record<string, Message>
    schemas: Record<string, { type: string; properties?: object }>
  }
  "x-close-codes": { code: number }[]
  "x-errors": { code: string }[]
  "x-limits": object
}

const document = JSON.parse(JSON.stringify(asyncapiDocument())) as Document
const { channels, operations, components } = document
const frameTypes = Object.keys(frameSchemas)
const eventTypes = Object.keys(eventSchemas)

describe("the AsyncAPI document", () => {
  test("is of version 3.0.0 and has the fields that version asks for", () => {
    expect(document.asyncapi).toBe("3.0.0")
    expect(document.info.title).toBe("Klatch")
    expect(document.info.version).toMatch(/^\d+\.\d+\.\d+$/)
    for (const { host, protocol } of Object.values(document.servers)) {
      expect(host).not.toContain("/")
      expect(["ws", "wss"]).toContain(protocol)
    }
  })

  test("uses only the names of fields and keys that version 3.0.0 knows", () => {
    const known = [
      "asyncapi",
      "id",
      "info",
      "servers",
      "defaultContentType",
      "channels",
      "operations",
      "components",
    ]
    expect(Object.keys(document).filter((key) => !known.includes(key) && !key.startsWith("x-"))).toEqual([])
    const keys = [channels, operations, components.messages, components.schemas].flatMap(Object.keys)
    expect(keys.filter((key) => !/^[a-zA-Z0-9.\-_]+$/.test(key))).toEqual([])
  })

  test("leads nowhere by a $ref", () => expect(faultyRefs(document)).toEqual([]))

  test("has every frame and every event of the contract as a message on both channels, and no other", () => {
    const told = [
      ...frameTypes.map((type) => `frame.${type}`),
      ...eventTypes.map((type) => `event.${type}`),
      ...Object.keys(answerSchemas),
    ]
    expect(Object.keys(channels.ws!.messages).sort()).toEqual(told.toSorted())
    expect(Object.keys(channels.chat!.messages).sort()).toEqual([...told, "plain_text"].sort())
    expect(Object.keys(components.messages).sort()).toEqual([...told, "plain_text"].sort())
    expect(Object.values(channels).map((one) => one.address)).toEqual(["/ws", "/chat"])
  })

  test("binds what may stand in the address of a connection", () => {
    const names = ["user", "u", "room_id", "since", "room", "r", "subscribe", "ticket", "token"]
    for (const { bindings } of Object.values(channels))
      expect(Object.keys(bindings.ws.query.properties)).toEqual(names)
  })

  test("has operations whose messages, and whose replies, are messages of their channel", () => {
    const received = new Set<string>()
    for (const { action, channel, messages, reply } of Object.values(operations)) {
      expect(["send", "receive"]).toContain(action)
      expect(pointed(document, channel.$ref)).toBeDefined()
      for (const { $ref } of messages) {
        expect($ref).toStartWith(`${channel.$ref}/messages/`)
        if (action === "receive") received.add($ref)
      }
      for (const { $ref } of reply?.messages ?? [])
        expect($ref).toStartWith(`${reply?.channel.$ref}/messages/`)
    }
    for (const type of frameTypes) expect(received).toContain(`#/channels/ws/messages/frame.${type}`)
  })

  test("has examples that pass the schemas of the contract unchanged in meaning", () => {
    for (const [name, message] of Object.entries(components.messages)) {
      const schema = schemaOfMessage(name)
      expect(message.examples.length).toBeGreaterThan(0)
      expect(message.summary).toBeTruthy()
      for (const { payload } of message.examples) {
        if (schema) expect(schema.parse(payload)).toMatchObject(payload as object)
        else expect(name).toBe("plain_text")
      }
    }
  })

  test("has payloads that describe an object by its type and name every field of the schema", () => {
    for (const [name, message] of Object.entries(components.messages)) {
      const payload = pointed(document, message.payload.$ref) as { type: string; properties?: object }
      if (name === "plain_text") continue
      expect(payload.type).toBe("object")
      const example = message.examples[0]?.payload as object
      if (name !== "event.ack")
        expect(Object.keys(payload.properties ?? {})).toContain(Object.keys(example).at(-1)!)
      expect(payload.properties).toHaveProperty("type")
    }
  })

  test("says of exactly the frames that are not done yet that they are answered with not_supported", () => {
    const told = frameTypes.filter((type) =>
      operations[`ws.${type}`]?.description?.includes("`not_supported`"),
    )
    expect(told.sort()).toEqual(["auth", "pin", "presence", "react", "unpin", "unreact"])
    for (const type of told) {
      expect(components.messages[`frame.${type}`]?.description).toContain("`not_supported`")
      expect(document.info.description).toContain(`\`${type}\``)
      expect(operations[`ws.${type}`]?.reply?.messages).toEqual([
        { $ref: "#/channels/ws/messages/event.error" },
      ])
    }
  })

  test("tells the error table, the close codes and the limits whole", () => {
    expect(document["x-errors"].map((one) => one.code)).toEqual(Object.keys(errorTable))
    expect(document["x-close-codes"].map((one) => one.code)).toEqual(
      Object.values(closeTable).map((one) => one.code),
    )
    expect(document["x-limits"]).toEqual({ ...limits })
  })

  test("names in its guides only errors of the table, and every type once", () => {
    expect(Object.keys(frameGuide).sort()).toEqual(frameTypes.toSorted())
    expect(Object.keys(eventGuide).sort()).toEqual(eventTypes.toSorted())
    const codes = Object.values(frameGuide).flatMap((words) => words.errors)
    expect(codes.filter((code) => !Object.hasOwn(errorTable, code))).toEqual([])
  })
})
