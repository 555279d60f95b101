import { describe, expect, test } from "bun:test"
import type { HttpServices } from "./context.ts"
import { faultyRefs } from "./document.fixture.ts"
import { makeRoutes, openapiDocument } from "./routes.ts"

interface Operation {
  operationId?: string
  summary?: string
  tags?: string[]
  parameters?: { name: string; in: string; required?: boolean; description?: string; schema: object }[]
  requestBody?: { content: Record<string, { example?: unknown }> }
  responses: Record<string, { description: string; content?: Record<string, { schema: object }> }>
}
interface Document {
  openapi: string
  info: { title: string; version: string }
  tags: { name: string }[]
  paths: Record<string, Record<string, Operation>>
}

// No route is called here, so nothing of the services is touched.
const document = openapiDocument(makeRoutes({} as HttpServices)) as Document
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
)
/** Those that cannot fail by what is asked. */
const infallible = ["/healthz", "/readyz", "/metrics"]

describe("the OpenAPI document", () => {
  test("is of version 3.1 and names itself", () => {
    expect(document.openapi).toStartWith("3.1.")
    expect(document.info.title).toBe("Klatch")
    expect(operations.length).toBeGreaterThanOrEqual(19)
  })

  test("leads nowhere by a $ref", () => expect(faultyRefs(document)).toEqual([]))

  test("holds no pattern that is not a regular expression of JSON Schema", () => {
    const patterns = [...JSON.stringify(document).matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)]
    const texts = patterns.map((match) => JSON.parse(match[1] as string) as string)
    expect(texts.length).toBeGreaterThan(0)
    expect(texts.filter((text) => !text.startsWith("^") || !text.endsWith("$"))).toEqual([])
    for (const text of texts) expect(new RegExp(text, "u").source).toBe(text)
  })

  test("gives every operation a name of its own, a tag that is told, and a summary", () => {
    const ids = operations.map(({ operation }) => operation.operationId)
    expect(new Set(ids).size).toBe(ids.length)
    const tags = document.tags.map((tag) => tag.name)
    for (const { operation } of operations) {
      expect(operation.operationId).toMatch(/^[a-z][A-Za-z]+$/)
      expect(operation.summary).toBeTruthy()
      expect(tags).toContain(operation.tags?.[0] ?? "none")
    }
  })

  test("tells of every operation a good answer, and a 4xx where it can fail by what is asked", () => {
    for (const { path, operation } of operations) {
      const statuses = Object.keys(operation.responses)
      expect(statuses.some((status) => status.startsWith("2"))).toBeTrue()
      expect(statuses.some((status) => status.startsWith("4"))).toBe(!infallible.includes(path))
      for (const { description } of Object.values(operation.responses)) expect(description).toBeTruthy()
    }
  })

  test("gives every failure the one shape of an error", () => {
    for (const { operation } of operations)
      for (const [status, answer] of Object.entries(operation.responses))
        if (!status.startsWith("2"))
          expect(answer.content?.["application/json"]?.schema).toEqual({ $ref: "#/components/schemas/Error" })
  })

  test("tells every parameter, those of the path as required, and shows every body by an example", () => {
    for (const { path, operation } of operations) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
      const told = (operation.parameters ?? []).filter((one) => one.in === "path" && one.required)
      expect(told.map((one) => one.name).sort()).toEqual([...inPath].sort() as string[])
      for (const one of operation.parameters ?? [])
        expect(`${path} ${one.name}: ${one.description ?? ""}`).not.toEndWith(": ")
      if (operation.requestBody)
        expect(operation.requestBody.content["application/json"]?.example).toBeDefined()
    }
  })
})
