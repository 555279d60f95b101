import { expect } from "bun:test"
import { type ErrorCode, errorTable, httpError } from "@klatch/protocol"
import { type Target, target } from "./target.ts"

/** What came back over HTTP. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body, when it is JSON. */
  readonly body: unknown
}

export interface Asking {
  readonly at?: Target
  readonly body?: unknown
  /** A body as it is, with no type said. */
  readonly raw?: string | Uint8Array
  readonly headers?: Record<string, string>
}

/** One HTTP request, such as `ask("GET /rooms?user=ann")`. */
export async function ask(line: string, { at, body, raw, headers }: Asking = {}): Promise<Answer> {
  const [method = "GET", path = "/"] = line.split(" ")
  const response = await fetch((at ?? (await target())).url + path, {
    method,
    redirect: "manual",
    headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    ...(raw === undefined
      ? body === undefined
        ? {}
        : { body: JSON.stringify(body) }
      : { body: raw as string }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, body: parsed(text) }
}

/** The body of a good answer, checked against the contract. */
export async function got<T>(
  schema: { parse(value: unknown): T },
  line: string,
  asking?: Asking,
): Promise<T> {
  const answer = await ask(line, asking)
  expect(`${answer.status} ${answer.status < 300 ? "" : answer.text}`).toMatch(/^2\d\d $/)
  return schema.parse(answer.body)
}

/** An error must have the contract's shape, this code, and the code's own status. */
export function expectError(answer: Answer, code: ErrorCode): void {
  expect(httpError.strict().safeParse(answer.body).success ? answer.body : answer).toMatchObject({
    error: { code },
  })
  expect(answer.status).toBe(errorTable[code].status)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
