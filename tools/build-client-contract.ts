import * as contract from "@klatch/protocol"

/**
 * The types of the contract, written out: an application gets them without the schemas they are inferred from, and
 * without zod. A test holds them equal to the inferred ones.
 */

/** As much of a schema as its type needs. */
interface Schema {
  readonly description?: string | undefined
  readonly def: {
    readonly type: string
    readonly innerType?: Schema
    readonly element?: Schema
    readonly keyType?: Schema
    readonly valueType?: Schema
    readonly catchall?: Schema
    readonly shape?: Readonly<Record<string, Schema>>
    readonly options?: readonly Schema[]
    readonly values?: readonly unknown[]
    readonly entries?: Readonly<Record<string, string>>
  }
}

/** What is read out of a schema, or what may be written into it: a default is filled in between. */
type Side = "output" | "input"

/** Types with a name of their own: wherever another type holds them, it says the name. */
const named = {
  ErrorCode: contract.errorCode,
  RoomKind: contract.roomKind,
  MessageKind: contract.messageKind,
  Role: contract.role,
  User: contract.user,
  Room: contract.room,
  MessageEvent: contract.messageEvent,
  SentAck: contract.sentAck,
  HistoryPage: contract.historyPage,
  JoinAck: contract.joinAck,
  ResumedEvent: contract.resumedEvent,
  Ban: contract.ban,
  Invite: contract.invite,
} as unknown as Readonly<Record<string, Schema>>

const names = new Map(Object.entries(named).map(([name, schema]) => [schema, name]))

type Table = Readonly<Record<string, Schema>>

/** Every declaration by its name; those without `export` are there for others. */
const declarations: ReadonlyMap<string, string> = new Map([
  ...Object.entries(named).map(([name, schema]): [string, string] => [
    name,
    `export type ${name} = ${shapeOf(schema, "output", "")};`,
  ]),
  ["Events", `type Events = ${tableOf(contract.eventSchemas, "output")};`],
  ["EventType", "export type EventType = keyof Events;"],
  ["EventOf", "export type EventOf<T extends EventType> = Events[T];"],
  ["Event", "export type Event = Events[EventType];"],
  [
    "DurableEventType",
    `export type DurableEventType = ${unionOf(Object.keys(contract.durableEventSchemas))};`,
  ],
  ["DurableEvent", "export type DurableEvent = Events[DurableEventType];"],
  ["Frames", `type Frames = ${tableOf(contract.frameSchemas, "input")};`],
  ["CheckedFrames", `type CheckedFrames = ${tableOf(contract.frameSchemas, "output")};`],
  ["FrameType", "export type FrameType = keyof Frames;"],
  ["Frame", "export type Frame = Frames[FrameType];"],
  ["FrameOf", "export type FrameOf<T extends FrameType> = CheckedFrames[T];"],
])

/** The names that `contractTypes` knows. */
export const contractNames: readonly string[] = [...declarations]
  .filter(([, text]) => text.startsWith("export "))
  .map(([name]) => name)

/** A declaration file with these types and those that they are made of. Throws for a name it does not know. */
export function contractTypes(wanted: Iterable<string>): string {
  const taken = new Set<string>()
  const take = (name: string): void => {
    const text = declarations.get(name)
    if (text === undefined) throw new Error(`${name} is no type of the contract that is given away`)
    if (taken.has(name)) return
    taken.add(name)
    const code = text.replace(/\/\*\*.*?\*\/|"[^"]*"/g, "")
    for (const [word] of code.matchAll(/\b[A-Z]\w*/g)) if (declarations.has(word)) take(word)
  }
  for (const name of wanted) take(name)
  const texts = [...declarations].filter(([name]) => taken.has(name)).map(([, text]) => text)
  // Without an export of its own a file's declarations would all be visible from outside.
  return `${[...texts, "export {};"].join("\n")}\n`
}

function tableOf(table: Readonly<Record<string, unknown>>, side: Side): string {
  return objectOf(table as Table, undefined, side, "")
}

/** A type by its name if it has one. Only what is read has: what is written may leave more out. */
function typeOf(schema: Schema, side: Side, indent: string): string {
  const name = side === "output" ? names.get(schema) : undefined
  return name ?? shapeOf(schema, side, indent)
}

function shapeOf({ def }: Schema, side: Side, indent: string): string {
  const inner = (schema: Schema | undefined): string => {
    if (!schema) throw new Error(`a ${def.type} of nothing`)
    return typeOf(schema, side, indent)
  }
  switch (def.type) {
    case "string":
    case "number":
    case "boolean":
    case "unknown":
      return def.type
    case "literal":
      return unionOf(def.values ?? [])
    case "enum":
      return unionOf(Object.values(def.entries ?? {}))
    case "array":
      return `(${inner(def.element)})[]`.replace(/^\((\w+)\)/, "$1")
    case "record":
      return `Record<${inner(def.keyType)}, ${inner(def.valueType)}>`
    case "union":
      return [...new Set((def.options ?? []).map(inner))].join(" | ")
    case "nullable":
      return `${inner(def.innerType)} | null`
    case "optional":
      return `${inner(def.innerType)} | undefined`
    case "default":
      return side === "output" ? inner(def.innerType) : `${inner(def.innerType)} | undefined`
    case "object":
      return objectOf(def.shape ?? {}, def.catchall, side, indent)
    default:
      throw new Error(`nobody knows the type of a ${def.type}`)
  }
}

function objectOf(shape: Table, catchall: Schema | undefined, side: Side, indent: string): string {
  const deeper = `${indent}    `
  const fields = Object.entries(shape).map(([name, schema]) => {
    const { type } = schema.def
    const mark = type === "optional" || (type === "default" && side === "input") ? "?" : ""
    return `${docOf(schema, deeper)}${deeper}${name}${mark}: ${typeOf(schema, side, deeper)};\n`
  })
  const others = catchall ? `${deeper}[field: string]: ${typeOf(catchall, side, deeper)};\n` : ""
  return `{\n${others}${fields.join("")}${indent}}`
}

/** What the schema says of a field, or what it wraps says. */
function docOf(schema: Schema, indent: string): string {
  let told: Schema | undefined = schema
  while (told && told.description === undefined) told = told.def.innerType
  return told?.description === undefined ? "" : `${indent}/** ${told.description} */\n`
}

function unionOf(values: readonly unknown[]): string {
  return values.map((value) => JSON.stringify(value)).join(" | ")
}
