import { expect } from "bun:test"
import { tokens } from "@klatch/protocol"
import { type Answer, ask, got } from "./answer.ts"
import { Caller } from "./caller.ts"
import { type Target, unique } from "./target.ts"

export const password = "password123"

/** Someone who has signed up at a server, or came there with a token. */
export class Person {
  readonly at: Target
  readonly name: string
  readonly id: string
  readonly token: string
  readonly refresh: string

  constructor(at: Target, name: string, id: string, token: string, refresh = "") {
    this.at = at
    this.name = name
    this.id = id
    this.token = token
    this.refresh = refresh
  }

  static async signUp(at: Target, like: string): Promise<Person> {
    const username = unique(like).slice(0, 32)
    const made = await got(tokens.strict(), "POST /auth/signup", { at, body: { username, password } })
    return new Person(at, username, made.user.id, made.access_token, made.refresh_token)
  }

  get #asking() {
    return { at: this.at, headers: { authorization: `Bearer ${this.token}` } }
  }

  ask = (line: string, body?: unknown): Promise<Answer> =>
    ask(line, { ...this.#asking, ...(body === undefined ? {} : { body }) })
  got = <T>(schema: { parse(value: unknown): T }, line: string, body?: unknown): Promise<T> =>
    got(schema, line, { ...this.#asking, ...(body === undefined ? {} : { body }) })

  /** A connection that follows only what it asks for. */
  open = (query = ""): Promise<Caller> => Caller.open(`/ws?subscribe=none${query}`, this.#asking)
  /** One as a browser opens it: the token in the address, and nothing but what the address names. */
  line = (query = ""): Promise<Caller> => Caller.open(`/ws?token=${this.token}${query}`, { at: this.at })

  /** It is done, and there is nothing to say of it. */
  async done(line: string, body?: unknown): Promise<void> {
    const answer = await this.ask(line, body)
    expect([line, answer.status, answer.text]).toEqual([line, 204, ""])
  }
}
