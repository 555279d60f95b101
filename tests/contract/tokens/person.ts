import { expect } from "bun:test"
import { type Answer, ask } from "../../conformance/answer.ts"
import { type Target, unique } from "../../conformance/target.ts"
import { Line } from "./line.ts"

export interface SignIn {
  readonly access: string
  readonly refresh: string
}

/** Somebody with an account at a server. */
export class Person {
  readonly at: Target
  readonly username: string
  password: string

  private constructor(at: Target, username: string) {
    this.at = at
    this.username = username
    this.password = `the word of ${username}`
  }

  /** Signs up; the first sign-in comes with it. */
  static async at(at: Target, username = unique("p")): Promise<[Person, SignIn]> {
    const person = new Person(at, username)
    const answer = await person.post("/auth/signup", { username, password: person.password })
    expect(answer.status).toBe(201)
    return [person, signInOf(answer)]
  }

  async logIn(): Promise<SignIn> {
    const answer = await this.post("/auth/login", { username: this.username, password: this.password })
    expect(answer.status).toBe(200)
    return signInOf(answer)
  }

  post(path: string, body?: unknown, token?: string): Promise<Answer> {
    return ask(`POST ${path}`, { at: this.at, body, headers: bearer(token) })
  }

  /** What the server says to an access token: 200, or why not. */
  async statusOf(token: string): Promise<number> {
    return (await ask("GET /me", { at: this.at, headers: bearer(token) })).status
  }

  async ticket(token: string): Promise<string> {
    const answer = await this.post("/auth/ticket", undefined, token)
    expect(answer.status).toBe(201)
    return (answer.body as { ticket: string }).ticket
  }

  line(token: string): Promise<Line> {
    return Line.of(this.at, `token=${token}`)
  }
}

const bearer = (token: string | undefined): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` }

export function signInOf({ body }: Answer): SignIn {
  const { access_token, refresh_token } = body as { access_token: string; refresh_token: string }
  return { access: access_token, refresh: refresh_token }
}
