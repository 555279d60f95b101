import { describe, expect, test } from "bun:test"
import { username as usernameSchema } from "@klatch/protocol"
import fc from "fast-check"
import type { Queryable, Statement } from "../db/sql.ts"
import { ManualClock } from "../lib/clock.ts"
import type { OutsideClaims } from "./issuers.ts"
import { OutsideUsers } from "./outside-users.ts"

interface Row {
  readonly id: string
  readonly username: string
  readonly key: string
  displayName: string
}

/** The tables of users and identities, as unique as the real ones; each statement takes a while, as `pause` tells. */
class Tables implements Queryable {
  readonly users: Row[] = []
  readonly identities = new Map<string, string>()
  readonly #pause: () => Promise<void>

  constructor(pause: () => Promise<void> = () => Promise.resolve()) {
    this.#pause = pause
  }

  async query<R extends object>({ name }: Statement, values: readonly unknown[] = []): Promise<R[]> {
    await this.#pause()
    const rows = this.#run(name, values as string[])
    await this.#pause()
    return rows as R[]
  }

  #run(name: string, values: readonly string[]): object[] {
    const [a = "", b = "", c = "", d = ""] = values
    const identity = `${a}\n${b}`
    const id = this.identities.get(identity)
    switch (name) {
      case "identities_find": {
        const user = this.users.find((row) => row.id === id)
        const shown = { display_name: user?.displayName ?? null, avatar_url: null }
        return id === undefined ? [] : [{ user_id: id, ...shown }]
      }
      case "identities_insert":
        if (id !== undefined) return []
        this.identities.set(identity, c)
        return [{ user_id: c }]
      case "accounts_insert_user":
        if (this.users.some((row) => row.id === a || row.key === c)) return []
        this.users.push({ id: a, username: b, key: c, displayName: d })
        return [{ id: a }]
      case "accounts_profile": {
        const user = this.users.find((row) => row.id === a)
        if (user) user.displayName = b
        return user ? [{ id: a, username: user.username, display_name: b }] : []
      }
      default:
        throw new Error(`no such statement here: ${name}`)
    }
  }
}

const claims = (more: Partial<OutsideClaims>): OutsideClaims => ({
  issuer: "https://id.example",
  subject: "s",
  name: undefined,
  preferredName: undefined,
  picture: undefined,
  roles: [],
  issuedMs: undefined,
  untilMs: 0,
  ...more,
})

function peopleOf(tables: Tables): OutsideUsers {
  return new OutsideUsers(tables, new ManualClock(), () => crypto.randomUUID())
}

async function nameOf(more: Partial<OutsideClaims>, tables = new Tables()): Promise<string> {
  const id = await peopleOf(tables).idOf(claims(more))
  return tables.users.find((user) => user.id === id)?.username ?? ""
}

describe("the user of an outside token", () => {
  test("goes by what they call themselves, else by what is known of them", async () => {
    const cases: [Partial<OutsideClaims>, string | RegExp][] = [
      [{ preferredName: "ann", subject: "1" }, "ann"],
      [{ preferredName: "Ann.B_c-9", subject: "1" }, "Ann.B_c-9"],
      [{ preferredName: "ann@id.example", subject: "1" }, "ann"],
      [{ preferredName: "Zoë Ångström", subject: "1" }, "Zoe-Angstrom"],
      [{ subject: "auth0|5f7c8ec7c33c6c004bbafe82" }, "auth0-5f7c8ec7c33c6c004bbafe82"],
      [{ preferredName: "愛", subject: "愛", name: "Ann B" }, "Ann-B"],
      [{ preferredName: "愛", subject: "愛", name: "愛" }, /^user-[0-9a-f]{6}$/],
      [{ preferredName: "user", subject: "1" }, /^user-[0-9a-f]{6}$/],
      [{ preferredName: "x".repeat(64), subject: "1" }, "x".repeat(32)],
      [{ preferredName: "../../etc", subject: "1" }, "..-..-etc"],
    ]
    for (const [more, expected] of cases) {
      const name = await nameOf(more)
      if (typeof expected === "string") expect(name).toBe(expected)
      else expect(name).toMatch(expected)
    }
  })

  test("has a name of their own that is a name, whatever they call themselves", async () => {
    const text = fc.option(fc.string({ unit: "binary", maxLength: 64 }), { nil: undefined })
    const person = fc.record({ preferredName: text, name: text, subject: fc.string({ minLength: 1 }) })
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(person, { selector: ({ subject }) => subject, maxLength: 8 }),
        async (all) => {
          const tables = new Tables()
          const names = await Promise.all(all.map((one) => nameOf(one, tables)))
          for (const name of names)
            expect([name, usernameSchema.safeParse(name).success]).toEqual([name, true])
          expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(all.length)
        },
      ),
      { numRuns: 25 },
    )
  })

  test("is one, however many nodes meet them at once, and in whatever order the database answers", async () => {
    const person = fc.record({
      subject: fc.constantFrom("a", "b", "c"),
      preferredName: fc.constantFrom("ann", "ANN", undefined),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(person, { minLength: 1, maxLength: 9 }),
        async (scheduler, all) => {
          const tables = new Tables(() => scheduler.schedule(Promise.resolve()))
          const nodes = [peopleOf(tables), peopleOf(tables), peopleOf(tables)]
          const asked = all.map((one, i) => (nodes[i % 3] as OutsideUsers).idOf(claims(one)))
          await scheduler.waitFor(Promise.all(asked))
          const ids = await Promise.all(asked)
          for (const [i, id] of ids.entries())
            expect(id).toBe(tables.identities.get(`https://id.example\n${all[i]?.subject}`) as string)
          const subjects = new Set(all.map(({ subject }) => subject)).size
          expect([new Set(ids).size, tables.users.length]).toEqual([subjects, subjects])
        },
      ),
    )
  })

  test("that was half made when a node died is made by whoever comes next", async () => {
    const tables = new Tables()
    tables.identities.set("https://id.example\ns", "half")
    expect(await peopleOf(tables).idOf(claims({ preferredName: "ann" }))).toBe("half")
    expect(tables.users.map(({ id, username }) => [id, username])).toEqual([["half", "ann"]])
  })
})
