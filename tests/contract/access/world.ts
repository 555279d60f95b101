import type { Role, RoomKind } from "@klatch/protocol"
import { SignJWT } from "jose"
import type { App } from "../../../packages/server/src/app.ts"
import { Database } from "../../../packages/server/src/db/sql.ts"
import { systemClock } from "../../../packages/server/src/lib/clock.ts"
import { systemRandom } from "../../../packages/server/src/lib/random.ts"
import { uuid7Maker } from "../../../packages/server/src/lib/uuid7.ts"
import { startNode } from "../../harness/nodes.ts"
import { embeddedPostgres } from "../../harness/postgres.ts"

/** Who tries: a role each, and those who stand otherwise. */
export const actors = [
  "owner",
  "admin",
  "moderator",
  "member",
  "muted",
  "reader",
  "nobody",
  "banned",
  "root",
] as const
export type Actor = (typeof actors)[number]

/** Where: every kind of room, two that are archived, and one that is not. */
export const places = [
  "public",
  "private",
  "group",
  "archived-public",
  "archived-private",
  "direct",
  "missing",
] as const
export type Place = (typeof places)[number]

/** A room of one cell's own: nothing that another cell does is felt in it. */
export interface Cell {
  readonly actor: Actor
  readonly place: Place
  readonly roomId: string
  /** Of its messages, the one the actor wrote, and one of someone else. */
  readonly own: number
  readonly other: number
}

const secret = "the secret of this matrix"
/** In every room beside the actors, to be acted on. */
export const bystanders = { member: "bystander", admin: "high-bystander", newcomer: "newcomer" } as const
const roleOf: Readonly<Record<Actor, Role | null>> = {
  owner: "owner",
  admin: "admin",
  moderator: "moderator",
  member: "member",
  muted: "member",
  reader: "reader",
  nobody: null,
  banned: null,
  root: null,
}
export const roleIn = (place: Place, actor: Actor): Role | null =>
  place === "missing" ? null : place === "direct" ? (actor === "member" ? "member" : null) : roleOf[actor]

/** A node where people sign in, with everyone in it, and a door to its database to furnish rooms fast. */
export class World implements AsyncDisposable {
  /** Where requests go. */
  readonly app: App
  /** Where sockets go: the same, or another node. */
  readonly other: App
  readonly #db: Database
  readonly #ends: (() => Promise<unknown>)[]
  readonly #newId = uuid7Maker(systemClock, systemRandom)
  readonly tokens = new Map<string, string>()
  readonly ids = new Map<string, string>()
  readonly password = "a sentence of one's own"

  private constructor(apps: readonly App[], db: Database, ends: (() => Promise<unknown>)[]) {
    this.app = apps[0]!
    this.other = apps.at(-1)!
    this.#db = db
    this.#ends = ends
  }

  /** One node, or two that meet over the Redis of `redisUrl`. */
  static async open(redisUrl?: string): Promise<World> {
    const postgres = await embeddedPostgres()
    const env = {
      AUTH: "required",
      JWT_SECRET: secret,
      JWT_CLOCK_TOLERANCE_S: "0",
      REDIS_URL: redisUrl ?? "",
    }
    const start = () => startNode({ database: postgres.address, env })
    const apps = redisUrl ? [await start(), await start()] : [await start()]
    const db = new Database(postgres.address)
    const world = new World(apps, db, [
      () => db.close(),
      () => Promise.all(apps.map((app) => app.stop(0))),
      async () => postgres[Symbol.asyncDispose](),
    ])
    for (const name of [...actors, ...Object.values(bystanders)]) await world.enter(name)
    return world
  }

  /** Lets someone in by a token of the application's, which ends in an hour. */
  async enter(name: string, untilMs = Date.now() + 3_600_000): Promise<void> {
    this.tokens.set(name, await this.tokenOf(name, untilMs))
    const answer = await this.ask(name, "GET", "/me")
    this.ids.set(name, (answer.body as { id: string }).id)
  }

  /** A token of the application's for someone. */
  tokenOf(name: string, untilMs: number): Promise<string> {
    return new SignJWT({ roles: name === "root" ? ["admin"] : [] })
      .setProtectedHeader({ alg: "HS256" })
      .setSubject(name)
      .setExpirationTime(Math.floor(untilMs / 1_000))
      .sign(new TextEncoder().encode(secret))
  }

  /** Makes an account of one's own here. */
  async signUp(name: string): Promise<void> {
    const { body } = await this.ask(name, "POST", "/auth/signup", { username: name, password: this.password })
    const made = body as { access_token: string; user: { id: string } }
    this.tokens.set(name, made.access_token)
    this.ids.set(name, made.user.id)
  }

  /** One request of someone. */
  async ask(name: string, method: string, path: string, body?: unknown) {
    const response = await fetch(this.app.url + path, {
      method,
      headers: {
        ...(this.tokens.has(name) ? { authorization: `Bearer ${this.tokens.get(name)}` } : {}),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, body: text === "" ? null : (JSON.parse(text) as unknown) }
  }

  id(name: string): string {
    return this.ids.get(name) as string
  }

  /** Rooms for all of these, each with the same people and two messages, in three statements. */
  async furnish(wanted: readonly { actor: Actor; place: Place }[]): Promise<Cell[]> {
    const cells = wanted.map((one) => ({ ...one, roomId: this.#newId(), own: 1, other: 2 }))
    const rooms = cells.filter(({ place }) => place !== "missing")
    const kindOf = (place: Place) => place.replace("archived-", "") as RoomKind
    await this.#db.query(
      {
        name: "matrix_rooms",
        text: `INSERT INTO klatch.rooms (id, kind, name, created_at, head_seq, message_count, archived_at)
SELECT id, kind, 'matrix', now(), 2, 2, CASE WHEN archived THEN now() END
FROM unnest($1::uuid[], $2::text[], $3::boolean[]) AS r (id, kind, archived)`,
      },
      [
        rooms.map(({ roomId }) => roomId),
        rooms.map(({ place }) => kindOf(place)),
        rooms.map(({ place }) => place.startsWith("archived")),
      ],
    )
    const members = rooms.flatMap(({ roomId, place }) => {
      const people = actors.flatMap((actor) => {
        const role = roleIn(place, actor)
        return role === null ? [] : [{ roomId, id: this.id(actor), role, isMuted: actor === "muted" }]
      })
      const member = { roomId, id: this.id(bystanders.member), role: "member" as Role, isMuted: false }
      const admin = { roomId, id: this.id(bystanders.admin), role: "admin" as Role, isMuted: false }
      return place === "direct" ? [...people, member] : [...people, member, admin]
    })
    await this.#db.query(
      {
        name: "matrix_members",
        text: `INSERT INTO klatch.members (room_id, user_id, role, joined_seq, muted_until)
SELECT room_id, user_id, role, 1, CASE WHEN muted THEN now() + interval '1 day' END
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::boolean[]) AS m (room_id, user_id, role, muted)`,
      },
      [
        members.map(({ roomId }) => roomId),
        members.map(({ id }) => id),
        members.map(({ role }) => role),
        members.map(({ isMuted }) => isMuted),
      ],
    )
    await this.#db.query(
      {
        name: "matrix_bans",
        text: `INSERT INTO klatch.room_bans (room_id, user_id, banned_by, banned_at)
SELECT id, $2::uuid, $2::uuid, now() FROM unnest($1::uuid[]) AS r (id)`,
      },
      [rooms.filter(({ place }) => place !== "direct").map(({ roomId }) => roomId), this.id("banned")],
    )
    await this.#db.query(
      {
        name: "matrix_entries",
        text: `INSERT INTO klatch.entries (room_id, seq, kind, author_id, at, client_id, ordinal, content)
SELECT r.id, s.seq, 'message', CASE s.seq WHEN 1 THEN r.actor ELSE $3::uuid END, now(), 'm' || s.seq, s.seq, 'hello'
FROM unnest($1::uuid[], $2::uuid[]) AS r (id, actor) CROSS JOIN (VALUES (1), (2)) AS s (seq)`,
      },
      [
        rooms.map(({ roomId }) => roomId),
        rooms.map(({ actor }) => this.id(actor)),
        this.id(bystanders.member),
      ],
    )
    return cells
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends) await end()
  }
}
