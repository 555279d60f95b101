import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { madeInvite, member, room, tokens } from "@klatch/protocol"
import { type ServerProcess, startServer } from "../harness/server.ts"
import { ask, expectError, got } from "./answer.ts"
import { Caller } from "./caller.ts"
import { Person, password } from "./person.ts"
import { testMs, unique } from "./target.ts"

setDefaultTimeout(testMs)

/** A server where people sign in, for this file alone: it has no administrator yet. */
let server: ServerProcess
beforeAll(async () => {
  server = await startServer({ env: { AUTH: "required", LIMITS: "off", ENABLE_PERSISTENCE: "false" } })
})
afterAll(() => server?.[Symbol.asyncDispose]())

const signUp = (like: string) => Person.signUp(server, like)
const roomOf = (owner: Person, more: object = {}) =>
  owner.got(room.strict(), "POST /rooms", { kind: "private", name: "Back room", ...more })

describe("where people sign in", () => {
  test("[A1] nobody comes in by a name alone, no room is made by naming it, but the lobby is everyone's", async () => {
    expectError(await ask("GET /rooms?user=ann", { at: server }), "unauthorized")
    expectError(await ask("GET /rooms/discover", { at: server }), "unauthorized")
    expectError(await ask("GET /ws?user=ann", { at: server }), "unauthorized")
    const ann = await signUp("ann")
    await using caller = await ann.open()
    expect(await caller.ask({ type: "join", room_id: unique("nowhere") })).toMatchObject({
      code: "not_found",
    })
    expect(await caller.ask({ type: "group", to: unique("nobody"), content: "x" })).toMatchObject({
      code: "not_found",
    })
    expect(await caller.ask({ type: "dm", to: unique("nobody"), content: "x" })).toMatchObject({
      code: "not_found",
    })
    expect(await caller.ask({ type: "broadcast", content: "x" })).toMatchObject({ code: "forbidden" })
    await caller.acked({ type: "chat", body: "hello, everyone" })
    expect((await ann.ask("GET /rooms/lobby")).body).toMatchObject({ kind: "public", role: "member" })
  })

  test("[A1] in open mode a name with a password is its owner's, who keeps what was said by it before", async () => {
    const [name, guest] = [unique("nan"), unique("guest")]
    await using before = await Caller.as(name, "room_id=den")
    const said = await before.acked({ type: "message", room_id: "den", content: "before" })
    const body = { username: name, password }
    const made = await got(tokens.strict(), "POST /auth/signup", { body })
    expect(made.user).toEqual({ id: before.user.id, username: name, display_name: name })
    expect(await before.ends()).toBe(4401)
    expectError(await ask(`GET /rooms?user=${name}`), "unauthorized")
    const headers = { authorization: `Bearer ${made.access_token}` }
    const { body: page } = await ask("GET /rooms/den/messages", { headers })
    expect((page as { messages: { seq: number; user_id: string }[] }).messages).toContainEqual(
      expect.objectContaining({ seq: said.seq, user_id: made.user.id }),
    )
    expectError(await ask("POST /auth/signup", { body }), "conflict")
    await using visitor = await Caller.as(guest)
    const renamed = unique("once-a-guest").slice(0, 32)
    const after = await got(tokens.strict(), `POST /auth/signup?user=${guest}`, {
      body: { ...body, username: renamed },
    })
    expect(after.user).toMatchObject({ id: visitor.user.id, username: renamed })
  })
})

describe("members", () => {
  test("[A10] roles, mutes and the end of a membership are entries that say who did it, and hold at once", async () => {
    const [ann, bob, eve] = [await signUp("ann"), await signUp("bob"), await signUp("eve")]
    const { id } = await roomOf(ann, { members: [bob.name, eve.name] })
    await using a = await ann.open(`&room_id=${id}`)
    await using b = await bob.open(`&room_id=${id}`)
    await b.hears("the join's ack", (f) => f.type === "ack")
    await ann.done(`PATCH /rooms/${id}/members/${bob.name}`, { role: "moderator" })
    const by = { id: ann.id, username: ann.name }
    const is = { room_id: id, user_id: bob.id, from: bob.name, by }
    expect(await a.hears("the role", (f) => f.type === "member")).toMatchObject({ ...is, role: "moderator" })
    await bob.done(`PATCH /rooms/${id}/members/${eve.id}`, { mute_s: 3_600 })
    await using e = await eve.open(`&room_id=${id}`)
    await e.hears("the join's ack", (f) => f.type === "ack")
    expect(await e.ask({ type: "message", room_id: id, content: "x" })).toMatchObject({ code: "forbidden" })
    expect(await e.ask({ type: "typing", room_id: id, active: true })).toMatchObject({ type: "ack" })
    await b.ask({ type: "typing", room_id: id, active: true })
    await a.hears("who types", (f) => f.type === "typing" && f.user_id === bob.id)
    await a.settled()
    expect(a.heard.filter((f) => f.type === "typing").map((f) => f.user_id)).toEqual([bob.id])
    const list = await ann.got({ parse: (v) => v as { members: unknown[] } }, `GET /rooms/${id}/members`)
    const found = list.members.map((one) => member.strict().parse(one)).find((one) => one.id === eve.id)
    expect(Date.parse(found?.muted_until ?? "")).toBeGreaterThan(Date.now() + 3_000_000)
    await bob.done(`PATCH /rooms/${id}/members/${eve.id}`, { mute_s: 0 })
    await e.acked({ type: "message", room_id: id, content: "thank you" })
    await bob.done(`DELETE /rooms/${id}/members/${eve.id}`)
    const left = await a.hears("the end", (f) => f.type === "leave" && f.user_id === eve.id)
    expect(left.by).toEqual({ id: bob.id, username: bob.name })
    await ann.ask(`POST /rooms/${id}/messages`, { content: "not for eve" })
    expect(await e.ask({ type: "message", room_id: id, content: "x" })).toMatchObject({ code: "not_found" })
    await e.settled()
    expect(JSON.stringify(e.heard)).not.toContain("not for eve")
  })

  test("[A10] a room has one owner: handed over, or its heir's when the owner leaves", async () => {
    const [ann, bob, eve] = [await signUp("ann"), await signUp("bob"), await signUp("eve")]
    const { id } = await roomOf(ann, { members: [eve.name, bob.name] })
    await ann.done(`PATCH /rooms/${id}/members/${bob.id}`, { role: "owner" })
    expect((await ann.ask(`GET /rooms/${id}`)).body).toMatchObject({ role: "admin" })
    expectError(await ann.ask(`DELETE /rooms/${id}`), "forbidden")
    await bob.done(`POST /rooms/${id}/leave`)
    expect((await ann.ask(`GET /rooms/${id}`)).body).toMatchObject({ role: "owner" })
    await ann.done(`POST /rooms/${id}/leave`)
    expect((await eve.ask(`GET /rooms/${id}`)).body).toMatchObject({ role: "owner" })
  })

  test("[A10] whoever is banned cannot come back by any way until they are let in again", async () => {
    const [ann, eve] = [await signUp("ann"), await signUp("eve")]
    const { id } = await roomOf(ann, { kind: "public", slug: unique("square") })
    await eve.ask(`POST /rooms/${id}/join`)
    const invite = await ann.got(madeInvite.strict(), `POST /rooms/${id}/invites`, { uses_max: 5 })
    await ann.done(`POST /rooms/${id}/bans`, { user: eve.name, reason: "spam" })
    for (const line of [`POST /rooms/${id}/join`, `GET /rooms/${id}`, `POST /invites/${invite.code}/accept`])
      expectError(await eve.ask(line), "forbidden")
    expectError(await ann.ask(`POST /rooms/${id}/members`, { users: [eve.name] }), "forbidden")
    const { bans } = (await ann.ask(`GET /rooms/${id}/bans`)).body as { bans: { user: { id: string } }[] }
    expect(bans.map(({ user }) => user.id)).toEqual([eve.id])
    await ann.done(`DELETE /rooms/${id}/bans/${eve.id}`)
    expect((await eve.ask(`POST /rooms/${id}/join`)).status).toBe(200)
  })

  test("[A11] an invitation lets in as many as it says, until it is ended; its code is told once", async () => {
    const [ann, bob, eve] = [await signUp("ann"), await signUp("bob"), await signUp("eve")]
    const { id } = await roomOf(ann)
    const once = await ann.got(madeInvite.strict(), `POST /rooms/${id}/invites`, { role: "reader" })
    expect(await bob.got(room.strict(), `POST /invites/${once.code}/accept`)).toMatchObject({
      id,
      role: "reader",
    })
    expect(await bob.got(room.strict(), `POST /invites/${once.code}/accept`).catch((e) => e)).toBeInstanceOf(
      Error,
    )
    expectError(await eve.ask(`POST /invites/${once.code}/accept`), "not_found")
    const open = await ann.got(madeInvite.strict(), `POST /rooms/${id}/invites`, { uses_max: 10 })
    const listed = await ann.ask(`GET /rooms/${id}/invites`)
    expect(listed.text).not.toContain(open.code)
    expect((listed.body as { invites: { id: string }[] }).invites.map((one) => one.id)).toEqual([open.id])
    await ann.done(`DELETE /rooms/${id}/invites/${open.id}`)
    expectError(await eve.ask(`POST /invites/${open.code}/accept`), "not_found")
    expectError(await eve.ask(`POST /invites/${"x".repeat(22)}/accept`), "not_found")
  })

  test("[A11] an invitation is good only while who made it may invite", async () => {
    const [ann, bob, eve] = [await signUp("ann"), await signUp("bob"), await signUp("eve")]
    const { id } = await roomOf(ann, { members: [bob.name] })
    const bobs = `/rooms/${id}/members/${bob.name}`
    const { code, created_by } = await bob.got(madeInvite.strict(), `POST /rooms/${id}/invites`, {
      uses_max: 9,
    })
    expect(created_by).toBe(bob.id)
    const accept = () => eve.ask(`POST /invites/${code}/accept`)
    const unknown = (await eve.ask(`POST /invites/${"x".repeat(22)}/accept`)).body
    const refused = async () => expect((await accept()).body).toEqual(unknown)
    await ann.done(`PATCH ${bobs}`, { role: "reader" })
    await refused()
    await ann.done(`PATCH ${bobs}`, { role: "member" })
    await ann.got(room.strict(), `PATCH /rooms/${id}`, { rights: { invite: "moderator" } })
    await refused()
    await ann.got(room.strict(), `PATCH /rooms/${id}`, { rights: {} })
    await ann.done(`DELETE ${bobs}`)
    await refused()
    await ann.done(`POST /rooms/${id}/members`, { users: [bob.name] })
    await bob.done(`POST /rooms/${id}/leave`)
    await refused()
    await ann.done(`POST /rooms/${id}/members`, { users: [bob.name] })
    await ann.done(`POST /rooms/${id}/bans`, { user: bob.name })
    await refused()
    await ann.done(`DELETE /rooms/${id}/bans/${bob.name}`)
    await refused()
    await ann.done(`POST /rooms/${id}/members`, { users: [bob.name] })
    expect((await accept()).status).toBe(200)
  })

  test("[A10] a mute and the role reader outlive a membership, until they are lifted", async () => {
    const [ann, bob, eve] = [await signUp("ann"), await signUp("bob"), await signUp("eve")]
    const { id } = await roomOf(ann, { kind: "public", slug: unique("plaza"), members: [bob.name, eve.name] })
    const [bobs, eves] = [bob, eve].map((one) => `/rooms/${id}/members/${one.name}`)
    await ann.done(`PATCH ${bobs}`, { mute_s: 3_600 })
    await ann.done(`PATCH ${eves}`, { role: "reader" })
    await bob.done(`POST /rooms/${id}/leave`)
    await ann.done(`DELETE ${eves}`)
    for (const one of [bob, eve]) {
      expectError(await one.ask(`POST /rooms/${id}/messages`, { content: "x" }), "forbidden")
      expect((await one.ask(`POST /rooms/${id}/join`)).status).toBe(200)
      expectError(await one.ask(`POST /rooms/${id}/messages`, { content: "x" }), "forbidden")
    }
    expect((await eve.ask(`GET /rooms/${id}`)).body).toMatchObject({ role: "reader" })
    await ann.done(`PATCH ${bobs}`, { mute_s: 0 })
    await ann.done(`PATCH ${eves}`, { role: "member" })
    for (const one of [bob, eve]) {
      await one.done(`POST /rooms/${id}/leave`)
      expect((await one.ask(`POST /rooms/${id}/messages`, { content: "x" })).status).toBe(201)
    }
  })

  test("[A12] a slow room takes one message at a time from members, an archived one none from anyone", async () => {
    const [ann, bob] = [await signUp("ann"), await signUp("bob")]
    const { id } = await roomOf(ann, { members: [bob.name] })
    await using b = await bob.open(`&room_id=${id}`)
    const settings = { slow_mode_s: 3_600, rights: { invite: "admin" } }
    expect(await ann.got(room.strict(), `PATCH /rooms/${id}`, settings)).toMatchObject(settings)
    expect(await b.hears("the settings", (f) => f.type === "room")).toMatchObject(settings)
    const one = await b.acked({ type: "message", room_id: id, content: "one", client_id: "once" })
    const second = await b.ask({ type: "message", room_id: id, content: "two" })
    expect(second).toMatchObject({ code: "rate_limited" })
    expect(Number(second.retry_after_ms)).toBeWithin(3_500_000, 3_600_001)
    expectError(await bob.ask(`POST /rooms/${id}/messages`, { content: "two" }), "rate_limited")
    for (const client_id of ["once", "new"]) {
      const again = await b.ask({ type: "message", room_id: id, content: "one", client_id })
      expect(again).toMatchObject(
        client_id === "once" ? { type: "ack", seq: one.seq } : { code: "rate_limited" },
      )
      const { status } = await bob.ask(`POST /rooms/${id}/messages`, { content: "one", client_id })
      expect(status).toBe(client_id === "once" ? 201 : 429)
    }
    for (const content of ["a", "b"])
      expect((await ann.ask(`POST /rooms/${id}/messages`, { content })).status).toBe(201)
    expect(await ann.got(room.strict(), `PATCH /rooms/${id}`, { archived: true })).toMatchObject({
      archived: true,
    })
    expectError(await ann.ask(`POST /rooms/${id}/messages`, { content: "c" }), "forbidden")
    expect(await b.ask({ type: "message", room_id: id, content: "c" })).toMatchObject({ code: "forbidden" })
    expect((await bob.ask(`GET /rooms/${id}/messages`)).status).toBe(200)
    expect(
      await ann.got(room.strict(), `PATCH /rooms/${id}`, { archived: false, name: "Again" }),
    ).toMatchObject({
      archived: false,
      name: "Again",
    })
    expect((await ann.ask(`POST /rooms/${id}/messages`, { content: "c" })).status).toBe(201)
  })
})

describe("administrators and back ends", () => {
  test("[A13] the first administrator has the printed code; a key speaks for anyone, until it is ended", async () => {
    const code = /"code\\*":\\*"([\w-]+)/.exec(server.lines.join("\n"))?.[1]
    const [ann, bob, eve] = [await signUp("ann"), await signUp("bob"), await signUp("eve")]
    expectError(await ann.ask("POST /admin/keys", { name: "shop" }), "forbidden")
    expectError(await ann.ask("POST /admin/claim", { code: "guessed" }), "forbidden")
    await ann.done("POST /admin/claim", { code })
    expectError(await bob.ask("POST /admin/claim", { code }), "forbidden")
    const { key, id } = (await ann.ask("POST /admin/keys", { name: "shop" })).body as {
      key: string
      id: string
    }
    const asKey = (line: string, body?: unknown, as?: string) =>
      ask(line, {
        at: server,
        ...(body === undefined ? {} : { body }),
        headers: { authorization: `Bearer ${key}`, ...(as === undefined ? {} : { "klatch-as": as }) },
      })
    const made = (await asKey("POST /rooms", { kind: "private", name: "Order", members: [bob.name] }))
      .body as {
      id: string
    }
    expect((await asKey(`POST /rooms/${made.id}/messages`, { content: "Welcome" })).status).toBe(201)
    const invited = (await asKey(`POST /rooms/${made.id}/invites`, {})).body as { code: string }
    expect((await eve.ask(`POST /invites/${invited.code}/accept`)).status).toBe(200)
    const roles = async () => {
      const { members } = (await asKey(`GET /rooms/${made.id}/members`)).body as {
        members: { username: string; role: string }[]
      }
      return members.map(({ username, role }) => `${username} ${role}`).sort()
    }
    const handOver = async (to: string, role: string) =>
      (
        await ask(`PATCH /rooms/${made.id}/members/${to}`, {
          at: server,
          body: { role },
          headers: { authorization: `Bearer ${key}` },
        })
      ).status
    expect(await handOver(eve.name, "owner")).toBe(204)
    const wanted = [`${bob.name} member`, `${eve.name} owner`, "klatch.system admin"].sort()
    expect(await roles()).toEqual(wanted)
    expect(await handOver(eve.name, "admin")).toBe(403)
    expect(await roles()).toEqual(wanted)
    expect((await asKey(`POST /rooms/${made.id}/messages`, { content: "Thanks" }, bob.name)).status).toBe(201)
    const { messages } = (await bob.ask(`GET /rooms/${made.id}/messages`)).body as {
      messages: { from: string }[]
    }
    expect(messages.map(({ from }) => from)).toEqual(["klatch.system", bob.name])
    await using e = await eve.open()
    expect((await asKey(`POST /admin/users/${eve.name}/ban`)).status).toBe(204)
    expect(await e.ends()).toBe(4503)
    expectError(await eve.ask("GET /me"), "forbidden")
    expect((await asKey(`DELETE /admin/users/${eve.name}/ban`)).status).toBe(204)
    const name = unique("carl").slice(0, 32)
    expect((await asKey("POST /admin/users", { username: name })).status).toBe(201)
    const minted = (await asKey(`POST /admin/users/${name}/token`, { for_s: 60 })).body as {
      access_token: string
    }
    const headers = { authorization: `Bearer ${minted.access_token}` }
    expect((await ask("GET /me", { at: server, headers })).body).toMatchObject({
      username: name,
      is_admin: false,
    })
    expect((await ann.ask(`DELETE /admin/keys/${id}`)).status).toBe(204)
    expectError(await asKey("GET /rooms"), "unauthorized")
    const log = (await ann.ask(`GET /admin/audit?actor=${ann.name}`)).body as { acts: { action: string }[] }
    expect(log.acts.map(({ action }) => action)).toEqual([
      "signed_up",
      "admin_claim_failed",
      "admin_claimed",
      "key_created",
      "key_ended",
    ])
    expectError(await bob.ask("GET /admin/audit"), "forbidden")
  })
})
