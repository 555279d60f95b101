import type { JsonSchema } from "../json-schema.ts"
import { type Html, html, inline, type Part } from "./html.ts"

/** Finds what a `$ref` of the document names. */
export type Resolve = (ref: string) => JsonSchema

/** Fields deeper than this are told as their type alone; no schema of the contract goes that deep. */
const DEPTH_MAX = 4

const uuidPattern = /^\^\[0-9a-f/i

/** The fields of an object, each with type, whether it must be there, bounds and meaning. */
export function fieldsOf(
  schema: JsonSchema,
  resolve: Resolve,
  without: readonly string[] = [],
): Html | undefined {
  const rows = rowsOf(schema, resolve, "", without, 0)
  return rows.length > 0 ? html`<dl class="fields">${rows}</dl>` : undefined
}

function rowsOf(
  schema: JsonSchema,
  resolve: Resolve,
  prefix: string,
  without: readonly string[],
  depth: number,
): Html[] {
  const whole = schema.$ref ? resolve(schema.$ref) : schema
  return Object.entries(whole.properties ?? {})
    .filter(([name]) => !without.includes(name))
    .flatMap(([name, field]) => {
      const path = prefix + name
      const row = fieldRow(path, field, whole.required?.includes(name) ?? false)
      const inner = innerOf(field, resolve)
      if (!inner || depth >= DEPTH_MAX) return [row]
      return [row, ...rowsOf(inner.schema, resolve, `${path}${inner.suffix}.`, [], depth + 1)]
    })
}

/** The object within a field, if its fields are to be told too; named schemas are told where they are named. */
function innerOf(field: JsonSchema, resolve: Resolve): { schema: JsonSchema; suffix: string } | undefined {
  if (field.properties) return { schema: field, suffix: "" }
  if (field.items?.properties) return { schema: field.items, suffix: "[]" }
  const values = field.additionalProperties
  if (typeof values === "object" && values.properties) return { schema: values, suffix: ".*" }
  return field.allOf?.[0] ? innerOf(field.allOf[0], resolve) : undefined
}

/** One field, or one parameter. */
export function fieldRow(name: string, schema: JsonSchema, isRequired: boolean, where?: string): Html {
  const bounds = boundsOf(schema)
  return html`<div class="field"><dt><code>${name}</code> <span class="type">${typeOf(schema)}</span>${
    where !== undefined && html` <span class="where">${where}</span>`
  }${isRequired && html` <span class="required">required</span>`}</dt><dd>${
    schema.description !== undefined && html`<p>${inline(schema.description)}</p>`
  }${bounds.length > 0 && html`<p class="bounds">${bounds}</p>`}</dd></div>`
}

/** A type in words a reader knows: `string`, `uuid`, `array of integer`. */
export function typeOf(schema: JsonSchema): string {
  if (schema.$ref) return schema.$ref.slice(schema.$ref.lastIndexOf("/") + 1)
  const either = schema.anyOf ?? schema.oneOf
  if (either) return [...new Set(either.map(typeOf))].join(" or ")
  if (schema.allOf) return schema.allOf.map(typeOf).join(" and ")
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (Array.isArray(schema.type))
    return schema.type.map((type: string) => typeOf({ ...schema, type })).join(" or ")
  if (schema.type === "array") return `array of ${schema.items ? typeOf(schema.items) : "anything"}`
  if (schema.type === "string" && schema.pattern && uuidPattern.test(schema.pattern)) return "uuid"
  if (schema.type === "string" && schema.format === "date-time") return "timestamp"
  if (schema.type === "object" && typeof schema.additionalProperties === "object")
    return Object.keys(schema.additionalProperties).length > 0
      ? `map to ${typeOf(schema.additionalProperties)}`
      : "object"
  return typeof schema.type === "string" ? schema.type : "anything"
}

function boundsOf(schema: JsonSchema): Part[] {
  const bounds: Part[] = []
  const range = (min: number | undefined, max: number | undefined, unit: string) => {
    const isOpen = max === undefined || max === Number.MAX_SAFE_INTEGER
    if (min === undefined && isOpen) return
    bounds.push(
      html`<span>${
        isOpen
          ? `from ${min}`
          : min === undefined
            ? `at most ${number(max)}`
            : `${number(min)} to ${number(max)}`
      }${unit}</span>`,
    )
  }
  const values = schema.enum?.filter((value) => value !== null)
  if (values)
    bounds.push(
      html`<span>one of ${values.map((v, i) => [i > 0 && ", ", html`<code>${String(v)}</code>`])}</span>`,
    )
  range(schema.minLength, schema.maxLength, " characters")
  range(schema.minItems, schema.maxItems, " items")
  range(schema.minimum, schema.maximum, "")
  const isNamedPattern =
    schema.pattern && (uuidPattern.test(schema.pattern) || schema.pattern.includes("u0000"))
  if (schema.pattern && !isNamedPattern)
    bounds.push(html`<span>matches <code>${schema.pattern}</code></span>`)
  if (schema.default !== undefined)
    bounds.push(html`<span>default <code>${JSON.stringify(schema.default)}</code></span>`)
  return bounds
}

const number = (value: number): string => value.toLocaleString("en")
