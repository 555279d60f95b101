import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { limits, myRoom, room, user } from "@klatch/protocol"
import { until } from "../harness/until.ts"
import { ask, expectError, got } from "./answer.ts"
import { Caller } from "./caller.ts"
import { RawSocket } from "./raw-socket.ts"
import { target, testMs, unique } from "./target.ts"

setDefaultTimeout(testMs)

const roomPage = { parse: (value: unknown) => value as { rooms: unknown[]; has_more: boolean } }
const memberPage = { parse: (value: unknown) => value as { members: unknown[]; has_more: boolean } }

describe("errors over HTTP", () => {
  test("[H4] an unknown address is not_found, in JSON, with any method", async () => {
    for (const method of ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
      for (const path of ["/nothing", "/rooms/lobby/nothing", "/%", "/%00", "/..%2f..%2fetc/passwd", "/ws/x"])
        expectError(await ask(`${method} ${path}`), "not_found")
  })

  test("[H5] a known address with another method is method_not_allowed, and says which it takes", async () => {
    for (const [line, allowed] of [
      ["PUT /rooms", "POST"],
      ["DELETE /healthz", "GET"],
      ["POST /rooms/lobby", "PATCH"],
      ["PUT /rooms/lobby/messages", "POST"],
      ["GET /dm", "POST"],
      ["POST /history", "GET"],
    ] as const) {
      const answer = await ask(line)
      expectError(answer, "method_not_allowed")
      expect(answer.headers.get("allow") ?? "").toContain(allowed)
    }
  })

  test("[H6] a body that is not said to be JSON is unsupported_media_type", async () => {
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      "application/jsonx",
      "",
    ])
      expectError(
        await ask("POST /rooms?user=ann", { raw: `{"name":"x"}`, headers: { "content-type": type } }),
        "unsupported_media_type",
      )
    for (const type of ["application/json", "application/json; charset=utf-8", "Application/JSON"])
      expect(
        (
          await ask("POST /rooms?user=ann", {
            raw: JSON.stringify({ name: unique("typed") }),
            headers: { "content-type": type },
          })
        ).status,
      ).toBe(201)
  })

  test("[H6] a body sent in chunks is asked for its type too", async () => {
    const raw = await RawSocket.open(await target())
    raw.write(
      "POST /rooms?user=ann HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n" +
        'Transfer-Encoding: chunked\r\nConnection: close\r\n\r\nc\r\n{"name":"x"}\r\n0\r\n\r\n',
    )
    await until("the answer", () => raw.isEnded)
    expect(raw.text).toStartWith("HTTP/1.1 415")
  })

  test("[H7] a body that is no JSON is bad_json", async () => {
    const headers = { "content-type": "application/json" }
    for (const raw of ["{", "nope", `{"name":}`, "{'name':'x'}", "\u0000", `{"name":"x"}{}`])
      expectError(await ask("POST /rooms?user=ann", { raw, headers }), "bad_json")
  })

  test("[H7] a body with a wrong field is invalid_field, and the message names the field", async () => {
    for (const [body, field] of [
      [{}, "name"],
      [{ name: 7 }, "name"],
      [{ name: "" }, "name"],
      [{ name: "x".repeat(limits.roomNameCharsMax + 1) }, "name"],
      [{ name: "x", kind: "inbox" }, "kind"],
      [{ name: "x", slug: "a b" }, "slug"],
      [{ name: "x", slug: "x".repeat(65) }, "slug"],
      [{ name: "x", topic: "x".repeat(limits.topicCharsMax + 1) }, "topic"],
      [{ name: "x", topic: "a\u0000b" }, "topic"],
      [{ name: "x", members: "ann" }, "members"],
      [{ name: "x", members: Array(101).fill("ann") }, "members"],
    ] as const) {
      const answer = await ask("POST /rooms?user=ann", { body })
      expectError(answer, "invalid_field")
      expect((answer.body as { error: { message: string } }).error.message).toContain(field)
    }
    for (const body of [[], null, 7, "text"])
      expect((await ask("POST /rooms?user=ann", { body })).status).toBe(400)
  })

  test.each([70_000, 300_000, 3_000_000])("[H8] a body of %d bytes is too_large, in JSON", async (bytes) => {
    expectError(await ask("POST /rooms?user=ann", { body: { name: "x".repeat(bytes) } }), "too_large")
  })

  test("[H8] a body of unknown length that grows too large is too_large as well", async () => {
    const raw = await RawSocket.open(await target())
    raw.write(
      "POST /rooms?user=ann HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" +
        "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
    )
    const chunk = `2000\r\n${"x".repeat(0x2000)}\r\n`
    for (let i = 0; i < 12; i++) raw.write(chunk)
    raw.write("0\r\n\r\n")
    await until("the answer", () => raw.isEnded)
    expect(raw.text).toStartWith("HTTP/1.1 413")
    expect(raw.text).toContain(`"too_large"`)
  })

  test("[H9] whoever writes must say who they are, by a name that can be", async () => {
    for (const line of ["GET /rooms", "POST /rooms", "POST /dm", "POST /rooms/lobby/join"])
      expectError(
        await ask(line, line === "GET /rooms" ? {} : { body: { name: "x", to: "bob" } }),
        "unauthorized",
      )
    for (const name of ["a", "a%20b", "x".repeat(33), "%00%00"])
      expectError(await ask(`GET /rooms?user=${name}`), "invalid_field")
    expectError(await ask("GET /rooms?user=ann", { headers: { authorization: "Bearer x" } }), "unauthorized")
  })

  test("[H12] answers say what they are and are not kept by caches", async () => {
    for (const line of ["GET /healthz", "GET /rooms/discover", "GET /nothing", "GET /rooms"]) {
      const { headers } = await ask(line)
      expect(headers.get("content-type")).toStartWith("application/json")
      expect(headers.get("x-content-type-options")).toBe("nosniff")
      expect(headers.get("cache-control")).toBe("no-store")
    }
  })
})

describe("rooms over HTTP", () => {
  test("[H13] a room is made, found by id and by slug, changed, deleted, and its slug is free again", async () => {
    const name = unique("ann")
    const slug = unique("made")
    const made = await got(room.strict(), `POST /rooms?user=${name}`, {
      body: { name: "  Our room ", slug, topic: "things" },
    })
    expect(made).toMatchObject({
      kind: "public",
      name: "Our room",
      slug,
      topic: "things",
      role: "owner",
      head: 1,
    })
    for (const ref of [made.id, slug, slug.toUpperCase()])
      expect(await got(room.strict(), `GET /rooms/${ref}?user=${name}`)).toEqual(made)
    expect(await got(room, `GET /rooms/${slug}`)).toMatchObject({ role: null })
    const changed = await got(room, `PATCH /rooms/${slug}?user=${name}`, { body: { topic: "other" } })
    expect(changed).toMatchObject({ name: "Our room", topic: "other", head: 2 })
    expectError(await ask(`POST /rooms?user=${name}`, { body: { name: "x", slug } }), "conflict")
    const stranger = unique("eve")
    expectError(await ask(`PATCH /rooms/${slug}?user=${stranger}`, { body: { topic: "x" } }), "forbidden")
    expectError(await ask(`DELETE /rooms/${slug}?user=${stranger}`), "forbidden")
    expect((await ask(`DELETE /rooms/${slug}?user=${name}`)).status).toBe(204)
    for (const ref of [made.id, slug]) expectError(await ask(`GET /rooms/${ref}?user=${name}`), "not_found")
    const again = await got(room, `POST /rooms?user=${name}`, { body: { name: "x", slug } })
    expect(again.id).not.toBe(made.id)
  })

  test("[H13] a slug is free again however often it was made, refused and deleted", async () => {
    const [name, slug] = [unique("ann"), unique("again")]
    const make = (user: string) => ask(`POST /rooms?user=${user}`, { body: { name: "Again", slug } })
    for (let round = 0; round < 3; round++) {
      expect((await make(name)).status).toBe(201)
      expect((await make(unique("bob"))).status).toBe(409)
      expect((await ask(`GET /rooms/${slug}`)).status).toBe(200)
      expect((await ask(`DELETE /rooms/${slug}?user=${name}`)).status).toBe(204)
      expect((await ask(`GET /rooms/${slug}`)).status).toBe(404)
    }
  })

  test("[H13] a change of a room is an entry that its listeners hear; a deletion ends what they receive", async () => {
    const slug = unique("heard")
    await using ann = await Caller.in(slug)
    await using bob = await Caller.in(slug)
    const path = `/rooms/${slug}?user=${ann.user.username}`
    await got(room, `PATCH ${path}`, { body: { name: "New name" } })
    await bob.hears("the change", (f) => f.type === "room" && f.name === "New name" && f.seq === 3)
    await ask(`DELETE ${path}`)
    await bob.hears("the word in the inbox", (f) => f.type === "room_removed")
    const answer = await bob.ask({ type: "message", room_id: ann.roomId, content: "x" })
    expect(answer).toMatchObject({ type: "error", code: "not_found" })
  })

  test("[H14] a private room is not_found for whoever is no member, in the very words of a missing one", async () => {
    const secret = await got(room, `POST /rooms?user=${unique("ann")}`, {
      body: { kind: "private", name: "x", slug: unique("secret") },
    })
    const eve = unique("eve")
    const of = (ref: string) =>
      [
        `GET /rooms/${ref}?user=${eve}`,
        `GET /rooms/${ref}`,
        `GET /rooms/${ref}/messages?user=${eve}`,
        `GET /rooms/${ref}/members?user=${eve}`,
        `POST /rooms/${ref}/join?user=${eve}`,
        `POST /rooms/${ref}/leave?user=${eve}`,
        `DELETE /rooms/${ref}?user=${eve}`,
        `DELETE /rooms/${ref}/messages/1?user=${eve}`,
      ].map((line) => ask(line))
    const [secrets, slugs, missing] = await Promise.all([
      Promise.all(of(secret.id)),
      Promise.all(of(secret.slug as string)),
      Promise.all(of("01900000-0000-7000-8000-000000000000")),
    ])
    for (const answer of [...secrets, ...slugs, ...missing]) expectError(answer, "not_found")
    expect(secrets.map((a) => a.text)).toEqual(missing.map((a) => a.text))
    expect(slugs.map((a) => a.text)).toEqual(missing.map((a) => a.text))
    const found = await got(roomPage, `GET /rooms/discover?q=${secret.slug}`)
    expect(found.rooms).toEqual([])
  })

  test("[H15] my rooms are listed page by page, each once, with unread and the last message", async () => {
    const name = unique("ann")
    await using ann = await Caller.as(name)
    const slugs = Array.from({ length: 7 }, () => unique("mine"))
    for (const slug of slugs) await ann.acked({ type: "join", room_id: slug })
    await using bob = await Caller.in(slugs[0] as string)
    await bob.acked({ type: "message", room_id: slugs[0], content: "for ann" })
    await bob.acked({ type: "message", room_id: slugs[0], content: "newest" })
    const found = []
    for (let after = "", more = true; more; ) {
      const page = await got(roomPage, `GET /rooms?user=${name}&limit=3${after}`)
      const rooms = page.rooms.map((one) => myRoom.strict().parse(one))
      expect(rooms.length).toBeLessThanOrEqual(3)
      found.push(...rooms)
      after = `&after=${rooms.at(-1)?.id}`
      more = page.has_more
    }
    expect(found.map((one) => one.slug).sort()).toEqual([...slugs].sort())
    expect(found.map((one) => one.id)).toEqual(found.map((one) => one.id).sort())
    expect(found.find((one) => one.slug === slugs[0])).toMatchObject({
      unread: 2,
      role: "owner",
      last_message: { content: "newest", from: bob.user.username },
    })
    expect(found.find((one) => one.slug === slugs[1])).toMatchObject({ unread: 0, last_message: null })
  })

  test("[H15] public rooms are found by a part of their name, page by page", async () => {
    const part = unique("find")
    const slugs = Array.from({ length: 5 }, (_, i) => `${part}-${i}`)
    for (const slug of slugs) await ask("POST /rooms?user=ann", { body: { name: slug } })
    const first = await got(roomPage, `GET /rooms/discover?q=${part.toUpperCase()}&limit=3`)
    expect([first.rooms.map((one) => room.strict().parse(one).slug), first.has_more]).toEqual([
      slugs.slice(0, 3),
      true,
    ])
    const rest = await got(roomPage, `GET /rooms/discover?q=${part}&limit=3&after=${slugs[2]}`)
    expect([rest.rooms.map((one) => room.parse(one).slug), rest.has_more]).toEqual([slugs.slice(3), false])
    for (const q of ["%25", "_", "\\", "%27"])
      expect((await ask(`GET /rooms/discover?q=${part}${q}`)).body).toEqual({ rooms: [], has_more: false })
  })

  test("[H15] limits are 1 to 100, a cursor is an id", async () => {
    for (const query of ["limit=0", "limit=101", "limit=x", "limit=1e9", "after=x"]) {
      expectError(await ask(`GET /rooms?user=ann&${query}`), "invalid_field")
      expectError(await ask(`GET /rooms/lobby/members?user=ann&${query}`), "invalid_field")
    }
    expectError(await ask(`GET /rooms/discover?q=${"x".repeat(65)}`), "invalid_field")
    expectError(await ask("GET /rooms/discover?q=%00"), "invalid_field")
  })

  test("[H16] members join, are added, are listed page by page, and leave", async () => {
    const owner = unique("ann")
    const names = Array.from({ length: 4 }, () => unique("m"))
    for (const name of names) await (await Caller.as(name)).close()
    const made = await got(room, `POST /rooms?user=${owner}`, {
      body: { kind: "private", name: "x", members: [names[0]] },
    })
    const path = `/rooms/${made.id}`
    const add = await ask(`POST ${path}/members?user=${owner}`, { body: { users: names.slice(1) } })
    expect(add.status).toBe(204)
    const listed = []
    for (let after = "", more = true; more; ) {
      const page = await got(memberPage, `GET ${path}/members?user=${names[0]}&limit=2${after}`)
      listed.push(...page.members.map((one) => user.parse(one)))
      after = `&after=${listed.at(-1)?.id}`
      more = page.has_more
    }
    expect(listed.map((one) => one.username).sort()).toEqual([owner, ...names].sort())
    expect((await ask(`POST ${path}/leave?user=${names[1]}`)).status).toBe(204)
    expectError(await ask(`GET ${path}?user=${names[1]}`), "not_found")
    expectError(
      await ask(`POST ${path}/members?user=${owner}`, { body: { users: [unique("nobody")] } }),
      "not_found",
    )
    expectError(await ask(`POST ${path}/members?user=${owner}`, { body: { users: [] } }), "invalid_field")
  })

  test("[H17] POST /dm gives the one direct room of two, whoever asks", async () => {
    const [ann, bob, eve] = [unique("ann"), unique("bob"), unique("eve")]
    for (const name of [ann, bob]) await (await Caller.as(name)).close()
    const rooms = await Promise.all([
      got(room.strict(), `POST /dm?user=${ann}`, { body: { to: bob } }),
      got(room.strict(), `POST /dm?user=${bob}`, { body: { to: ann.toUpperCase() } }),
      got(room.strict(), `POST /dm?user=${ann}`, { body: { to: bob } }),
    ])
    expect(new Set(rooms.map((one) => one.id)).size).toBe(1)
    expect(rooms[0]).toMatchObject({ kind: "direct", slug: null })
    expectError(await ask(`GET /rooms/${rooms[0]?.id}?user=${eve}`), "not_found")
    expectError(await ask(`POST /dm?user=${ann}`, { body: { to: unique("nobody") } }), "not_found")
  })
})
