import { limits } from "@klatch/protocol"
import type { Chance } from "./chance.ts"

const depthMax = Math.floor(limits.frameBytesMax / 2) - 200

/** JSON text of values that no one sends in good faith. Text, because JSON.stringify cannot write most of them. */
const values: readonly ((chance: Chance) => string)[] = [
  () => "null",
  () => "true",
  () => "0",
  () => "-0",
  () => "-1",
  () => "1e400",
  () => "-1e400",
  () => "1e-400",
  () => "9007199254740993",
  () => "1".repeat(400),
  () => `0.${"3".repeat(300)}`,
  () => "2147483648",
  () => "9223372036854775808",
  () => '""',
  () => '" "',
  () => '"\\u0000"',
  () => '"a\\u0000b"',
  () => '"\\ud800"',
  () => '"\\udfff\\ud800"',
  () => '"x\\ud83d"',
  () => '"\\u202e\\u2066\\ufeff"',
  () => '"__proto__"',
  () => '"constructor"',
  () => '"%00%0a"',
  () => `"'; DROP TABLE klatch.entries; --"`,
  () => '"../../../etc/passwd"',
  () => '"#{7*7} {{7*7}} <script>"',
  () => '{"__proto__":{"isAdmin":true}}',
  () => '{"constructor":{"prototype":{"x":1}}}',
  () => '{"toString":1,"valueOf":2,"toJSON":3,"length":-1}',
  () => '{"$gt":""}',
  () => "{}",
  () => "[]",
  () => "[[],[[]]]",
  () => '["lobby","lobby"]',
  (chance) => `"${"x".repeat(chance.pick([33, 64, 65, 129, 8_000, 8_001, 60_000]))}"`,
  (chance) => `"${"\\u0041".repeat(chance.int(1, 9_000))}"`,
  (chance) => nested("[", "]", chance.pick([2, 100, 5_000, depthMax])),
  (chance) => nested('{"a":', "}", chance.pick([2, 100, 5_000, 9_000]), "1"),
  (chance) => `[${Array(chance.int(1, 5_000)).fill("0").join(",")}]`,
  (chance) => `{${Array.from({ length: chance.int(1, 2_000) }, (_, i) => `"k${i}":${i}`).join(",")}}`,
  (chance) => JSON.stringify(letters(chance, chance.int(1, 60))),
  () => '"01900000-0000-7000-8000-000000000000"',
  () => '"00000000-0000-0000-0000-000000000000"',
  () => '"FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"',
]

/** A hostile value, as JSON text. */
export const hostileValue = (chance: Chance): string => chance.pick(values)(chance)

const nested = (open: string, close: string, depth: number, inner = "") =>
  open.repeat(depth) + inner + close.repeat(depth)

/** Letters out of all of Unicode, lone surrogates among them. */
export const letters = (chance: Chance, count: number): string =>
  String.fromCharCode(...Array.from({ length: count }, () => chance.int(0, 0xffff)))

/** Values that are in order, by field: what is wrong shall be one thing among things that are right. */
const goodValues: Readonly<Record<string, readonly string[]>> = {
  room_id: ['"lobby"', '"den"', '"attic"', '"never-made"', '"01900000-0000-7000-8000-000000000001"'],
  to: ['"den"', '"mallory"', '"trudy"', '"01900000-0000-7000-8000-000000000002"'],
  content: ['"hello"', '"x"', '"日本語 👩‍👩‍👧"'],
  body: ['"hello"'],
  message_id: ["1", "2", "3", "999999"],
  reply_to: ["1", "2"],
  thread_id: ["1", "2"],
  since: ["0", "1", "100000"],
  before: ["0", "5"],
  after: ["0", "5"],
  limit: ["1", "100"],
  rooms: ["{}", '{"01900000-0000-7000-8000-000000000001":0}'],
  users: ["[]"],
  emoji: ['"👍"'],
  token: ['"a.b.c"'],
  client_id: ['"c1"', '"c2"', '"c3"'],
  ref: ['"r1"', '"r2"'],
  active: ["true", "false"],
  forget: ["true", "false"],
  attachments: ["[]"],
  name: ['"A room"'],
  slug: ['"den"', '"attic"'],
  topic: ['"things"'],
  kind: ['"public"', '"private"', '"group"'],
  members: ["[]", '["mallory"]'],
}

/** A value that fits the field, as JSON text. */
export const goodValue = (chance: Chance, field: string): string =>
  chance.pick(goodValues[field] ?? ['"x"', "1"])

/** A JSON object of these fields with some of them made hostile; sometimes the text as a whole is broken too. */
export function hostileObject(chance: Chance, fields: readonly string[], fixed: string[] = []): string {
  const wrong = new Set(fields.filter(() => chance.once(Math.max(2, fields.length))))
  const pairs = fields
    .filter(() => !chance.once(12))
    .map((field) => `"${field}":${wrong.has(field) ? hostileValue(chance) : goodValue(chance, field)}`)
  pairs.push(...fixed)
  if (chance.once(8)) pairs.push(`"__proto__":${hostileValue(chance)}`)
  if (chance.once(12)) pairs.push(`${JSON.stringify(letters(chance, 8))}:${hostileValue(chance)}`)
  if (chance.once(12)) pairs.push(...pairs)
  return spoiled(chance, `{${pairs.sort(() => chance.fraction() - 0.5).join(",")}}`)
}

/** Mostly the text as it is; else cut, doubled, wrapped, or with a letter changed. */
function spoiled(chance: Chance, text: string): string {
  switch (chance.int(0, 15)) {
    case 0:
      return text.slice(0, chance.int(0, text.length))
    case 1:
      return text + text
    case 2:
      return `[${text}]`
    case 3: {
      const at = chance.int(0, text.length - 1)
      return text.slice(0, at) + letters(chance, 1) + text.slice(at + 1)
    }
    case 4:
      return hostileValue(chance)
    case 5:
      return letters(chance, chance.int(0, 200))
    default:
      return text
  }
}
