import type { JsonSchema } from "../json-schema.ts"
import { jsonCode, jsonText, shellBlock } from "./code.ts"
import { fieldRow, fieldsOf, type Resolve, typeOf } from "./fields.ts"
import { type Html, html, inline, type Part, prose } from "./html.ts"
import type { Section } from "./section.ts"

/** An OpenAPI document, as far as it is shown. */
export interface OpenApi {
  readonly info: { readonly description?: string }
  readonly tags?: readonly { readonly name: string; readonly description?: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas?: Readonly<Record<string, JsonSchema>> }
}

interface Operation {
  readonly operationId?: string
  readonly tags?: readonly string[]
  readonly summary?: string
  readonly description?: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>
}

interface Parameter {
  readonly name: string
  readonly in: string
  readonly required?: boolean
  readonly schema: JsonSchema & { readonly example?: unknown }
}

type Content = Readonly<Record<string, { readonly schema?: JsonSchema; readonly example?: unknown }>>

const JSON_TYPE = "application/json"
const ORIGIN = "http://localhost:8080"

/** Every HTTP operation, by tag, and the schemas that answers share. */
export function httpSections(document: OpenApi): Section[] {
  const schemas = document.components.schemas ?? {}
  const resolve: Resolve = (ref) => schemas[ref.slice(ref.lastIndexOf("/") + 1)] ?? {}
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )
  const byTag = Map.groupBy(operations, ({ operation }) => operation.tags?.[0] ?? "Other")
  const known = new Map((document.tags ?? []).map((tag) => [tag.name, tag.description]))
  const names = [...new Set([...known.keys(), ...byTag.keys()])].filter((name) => byTag.has(name))
  const groups = names.map((name): Section => {
    const own = byTag.get(name) ?? []
    return {
      id: `http-${name.toLowerCase()}`,
      title: name,
      lead: prose(known.get(name) ?? ""),
      entries: own.map(({ path, method, operation }) => ({
        id: `op-${operation.operationId ?? `${method}-${path}`}`,
        label: html`${methodBadge(method)} <span class="path">${path}</span>`,
        heading: html`${methodBadge(method)} <code class="path">${path}</code>`,
        body: operationBody(path, method, operation, resolve),
      })),
    }
  })
  const shared: Section = {
    id: "http-schemas",
    title: "Shared objects",
    lead: html`<p>Named where operations above answer with them.</p>`,
    entries: Object.entries(schemas).map(([name, schema]) => ({
      id: `schema-${name}`,
      label: html`${name}`,
      heading: html`${name}`,
      body: html`${fieldsOf(schema, resolve)}`,
    })),
  }
  return [...groups, shared]
}

const methodBadge = (method: string): Html =>
  html`<span class="method ${method}">${method.toUpperCase()}</span>`

function operationBody(path: string, method: string, operation: Operation, resolve: Resolve): Html {
  const { parameters = [], requestBody, responses } = operation
  const bodySchema = requestBody?.content[JSON_TYPE]?.schema
  const good = Object.entries(responses).filter(([status]) => status.startsWith("2"))
  const bad = Object.entries(responses).filter(([status]) => !status.startsWith("2"))
  return html`
    <p class="summary">${operation.summary}</p>
    ${operation.description !== undefined && prose(operation.description)}
    <div class="columns"><div>
    ${
      parameters.length > 0 &&
      html`<h4>Parameters</h4><dl class="fields">${parameters.map((one) =>
        fieldRow(one.name, one.schema, one.required ?? false, one.in),
      )}</dl>`
    }
    ${bodySchema && html`<h4>Body</h4>${fieldsOf(bodySchema, resolve)}`}
    <h4>Answers</h4>
    ${good.map(([status, { description, content }]) => {
      const schema = content?.[JSON_TYPE]?.schema
      return html`<p class="answer"><span class="status good">${status}</span> ${inline(description)}${
        schema && html` <span class="type">${schemaLink(schema)}</span>`
      }</p>${schema && !schema.$ref && fieldsOf(schema, resolve)}`
    })}
    ${
      bad.length > 0 &&
      html`<ul class="answers">${bad.map(
        ([status, { description }]) =>
          html`<li><span class="status bad">${status}</span> <span>${inline(description)}</span></li>`,
      )}</ul>`
    }
    </div><div class="sample">
    <h4>Example</h4>
    ${shellBlock(curl(path, method, operation))}
    ${good.map(([status, { content }]) => {
      const example = content?.[JSON_TYPE]?.example
      return (
        example !== undefined &&
        html`<h4>Answer <span class="status good">${status}</span></h4>${jsonCode(example)}`
      )
    })}
    </div></div>`
}

/** A type, leading to its fields when it is one of the shared objects. */
function schemaLink(schema: JsonSchema): Part {
  const of = schema.type === "array" ? schema.items : schema
  const words = typeOf(schema)
  return of?.$ref ? html`<a href="#schema-${typeOf(of)}">${words}</a>` : words
}

/** The operation as one would type it: every parameter that has an example, and the body's example. */
function curl(path: string, method: string, { parameters = [], requestBody }: Operation): string {
  const given = parameters.filter((one) => one.schema.example !== undefined)
  const filled = given
    .filter((one) => one.in === "path")
    .reduce((at, one) => at.replace(`{${one.name}}`, encodeURIComponent(String(one.schema.example))), path)
  const query = given
    .filter((one) => one.in === "query")
    .map((one) => `${one.name}=${encodeURIComponent(String(one.schema.example))}`)
    .join("&")
  const url = `'${ORIGIN}${filled}${query ? `?${query}` : ""}'`
  const example = requestBody?.content[JSON_TYPE]?.example
  return [
    method === "get" ? `curl ${url}` : `curl -X ${method.toUpperCase()} ${url}`,
    ...(example === undefined
      ? []
      : ["  -H 'content-type: application/json'", `  -d ${quoted(jsonText(example))}`]),
  ].join(" \\\n")
}

/** One argument to a shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
