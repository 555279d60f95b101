import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { type Act, invites, mayDo, moderation, redeemInvite, roomSettings } from "@klatch/client/moderation"
import type { Role, RoomKind } from "@klatch/protocol"
import { actions, decide } from "../../packages/server/src/chat/policy/policy.ts"
import { memoryStage, realStage, type Stage, startMs } from "./testing-stage.ts"
import { Story } from "./testing-story.ts"

setDefaultTimeout(startMs)

const stages: Stage[] = []
beforeAll(async () => {
  stages.push(await memoryStage(), await realStage())
})
afterAll(async () => {
  for (const stage of stages) await stage[Symbol.asyncDispose]()
})

const roles = ["owner", "admin", "moderator", "member", "reader", null] as const
const kinds: readonly RoomKind[] = ["public", "private", "group", "direct", "inbox", "broadcast"]
/** These one asks nobody about: what comes of them is seen. */
const unasked: readonly string[] = ["read", "join", "leave"]

test("[A8] what the SDK says someone may do is what the server's policy decides, in every case", () => {
  const targets = roles.flatMap((role) =>
    [undefined, ...roles.filter((one) => one !== null)].map((nextRole) => ({
      role,
      ...(nextRole && { nextRole }),
    })),
  )
  const asker = { isAdmin: false, mayBroadcast: false }
  const wrong: string[] = []
  let cells = 0
  const compare = (
    act: Act,
    room: { kind: RoomKind; archived: boolean; rights: object; role: Role | null },
    target?: Parameters<typeof mayDo>[2],
  ) => {
    const { kind, archived: isArchived, rights, role } = room
    const standing = { role, mutedUntilMs: null, isBanned: false }
    const facts = { kind, isArchived, rights }
    const { allowed } = decide({ action: act, asker, standing, room: facts, target, nowMs: 0 })
    cells++
    if (mayDo(act, room, target) !== allowed) wrong.push(JSON.stringify([act, room, target, allowed]))
  }
  for (const action of actions.filter((one) => !unasked.includes(one)))
    for (const kind of kinds)
      for (const archived of [false, true])
        for (const rights of [
          {},
          { post: "moderator", invite: "admin", pin: "reader" },
          { post: "member", edit_any: "admin" },
        ] as const)
          for (const role of roles) {
            const room = { kind, archived, rights, role }
            const act = action as Act
            if (!["kick", "mute", "ban", "set_role", "transfer"].includes(act)) compare(act, room)
            else
              for (const target of targets)
                for (const isSelf of [false, true]) compare(act, room, { ...target, isSelf })
          }
  expect(wrong).toEqual([])
  expect(cells).toBeGreaterThan(20_000)
})

test("[A10] [A12] roles, mutes, bans and settings are answered in memory in the words of the real server", async () => {
  const [told, wanted] = [await tell(stages[0]!), await tell(stages[1]!)]
  expect(told.length).toBe(wanted.length)
  for (const [at, line] of wanted.entries()) expect(told[at]).toEqual(line)
})

/** What those with a say do, what those without one try, and what all hear of it. */
async function tell(stage: Stage): Promise<unknown[]> {
  const story = new Story(stage)
  for (const name of ["ann-m", "bob-m"]) await story.enter(name)
  const as = (name: string) => (method: string, path: string, body?: object) =>
    story.ask(method, `${path}?user=${name}-m`, body)
  const [ann, bob, cay] = [as("ann"), as("bob"), as("cay")]
  const say = (content: string) => story.say("bob-m", { type: "message", room_id: "den-m", content })
  await cay("GET", "/rooms")
  const den = { kind: "private", name: "Den", slug: "den-m", members: ["bob-m"] }
  await ann("POST", "/rooms", den)
  await ann("POST", "/rooms/den-m/members", { users: ["cay-m"] })
  for (const name of ["ann-m", "bob-m"]) await story.say(name, { type: "join", room_id: "den-m" })
  const bobs = "/rooms/den-m/members/bob-m"
  const cays = "/rooms/den-m/members/cay-m"
  await bob("PATCH", cays, { role: "reader" })
  await ann("PATCH", bobs, { role: "moderator" })
  await ann("PATCH", bobs, { role: "moderator" })
  await ann("PATCH", bobs, {})
  await ann("PATCH", bobs, { role: "king" })
  await ann("PATCH", "/rooms/den-m/members/nobody-there", { role: "admin" })
  await bob("PATCH", cays, { role: "admin" })
  await bob("PATCH", "/rooms/den-m/members/ann-m", { mute_s: 60 })
  await bob("PATCH", cays, { mute_s: 60 })
  await cay("GET", "/rooms/den-m/members")
  await bob("PATCH", cays, { mute_s: 0 })
  await bob("PATCH", bobs, { mute_s: 60 })
  await ann("PATCH", bobs, { mute_s: 3_600 })
  await say("muted")
  await ann("PATCH", bobs, { mute_s: 0, role: "reader" })
  await say("only reading")
  await ann("PATCH", bobs, { role: "member" })
  await say("speaking")
  await ann("PATCH", cays, { mute_s: 3_600, role: "reader" })
  await bob("DELETE", cays)
  await ann("DELETE", cays)
  await ann("DELETE", cays)
  await cay("GET", "/rooms/den-m")
  await ann("PATCH", cays, { role: "member" })
  await ann("POST", "/rooms/den-m/members", { users: ["cay-m"] })
  await ann("GET", "/rooms/den-m/members")
  await ann("PATCH", bobs, { role: "admin" })
  await bob("PATCH", cays, { mute_s: 0, role: "owner" })
  await ann("GET", "/rooms/den-m/members")
  await ann("PATCH", bobs, { role: "member" })
  await bob("POST", "/rooms/den-m/bans", { user: "cay-m" })
  await ann("POST", "/rooms/den-m/bans", { user: "cay-m", reason: "loud", for_s: 3_600 })
  await ann("POST", "/rooms/den-m/bans", { user: "ann-m" })
  await ann("POST", "/rooms/den-m/bans", { user: "cay-m", for_s: 0 })
  await ann("GET", "/rooms/den-m/bans")
  await bob("GET", "/rooms/den-m/bans")
  await ann("POST", "/rooms/den-m/members", { users: ["cay-m"] })
  await ann("DELETE", "/rooms/den-m/bans/cay-m")
  await ann("DELETE", "/rooms/den-m/bans/cay-m")
  await ann("PATCH", "/rooms/den-m", { slow_mode_s: 30, rights: { post: "moderator" }, topic: "hush" })
  await bob("PATCH", "/rooms/den-m", { topic: "mine" })
  await bob("PATCH", "/rooms/den-m", { archived: true })
  await say("not high enough")
  await ann("PATCH", "/rooms/den-m", { slow_mode_s: -1 })
  await ann("PATCH", "/rooms/den-m", { slow_mode_s: 0, rights: {}, archived: true })
  await say("archived")
  await ann("PATCH", "/rooms/den-m", { topic: "too late" })
  await ann("POST", "/rooms/den-m/invites", {})
  await ann("POST", "/rooms/den-m/members", { users: ["dee-m"] })
  await ann("GET", "/rooms/den-m/bans")
  await bob("DELETE", bobs)
  await ann("DELETE", bobs)
  await ann("PATCH", "/rooms/den-m", { archived: false, topic: "again" })
  await ann("POST", "/rooms/den-m/members", { users: ["bob-m"] })
  await bob("GET", "/rooms/den-m/invites")
  await cay("POST", "/rooms/den-m/invites", {})
  await ann("POST", "/rooms/den-m/invites", { uses_max: 0 })
  await ann("GET", "/rooms/den-m/invites")
  await cay("POST", "/invites/nothing/accept")
  await ann("PATCH", "/rooms/den-m/members/ann-m", { role: "owner" })
  await ann("PATCH", bobs, { role: "owner" })
  await ann("PATCH", bobs, { role: "member" })
  await ann("GET", "/rooms/den-m/members")
  await ann("POST", "/rooms", { kind: "group", name: "Heirs", slug: "heirs-m", members: ["bob-m", "cay-m"] })
  await ann("POST", "/rooms/heirs-m/leave")
  await bob("GET", "/rooms/heirs-m/members")
  await bob("PATCH", "/rooms/heirs-m/members/cay-m", { role: "reader", mute_s: 60 })
  await bob("POST", "/rooms/heirs-m/leave")
  await cay("GET", "/rooms/heirs-m/members")
  await ann("POST", "/rooms", { kind: "group", type: "private", name: "Both" })
  await ann("POST", "/rooms", { kind: "group", type: "group", name: "Both", slug: "both-m" })
  return story.lines
}

describe.each(["in memory", "on the real server"])("%s, by the SDK,", (where) => {
  const scene = async () => {
    const stage = stages[where === "in memory" ? 0 : 1]!
    const [ann, bob] = [stage.client("ann-sdk"), stage.client("bob-sdk")]
    await stage.until("both are there", () => ann.user.get() !== null && bob.user.get() !== null)
    const code = (promise: Promise<unknown>) =>
      stage.settle(
        promise.then(
          () => "none",
          (error) => error.code as string,
        ),
      )
    return { stage, ann, bob, code }
  }

  test("[A11] whoever comes in by an invitation is promoted, muted, kicked, banned, and told at once", async () => {
    const { stage, ann, bob, code } = await scene()
    const { settle, until } = stage
    await settle(bob.rooms.load())
    const { id } = await settle(ann.rooms.create({ kind: "private", name: "den" }))
    await settle(ann.room(id).open())
    const desk = moderation(ann, id)
    await settle(desk.load())
    const names = () => desk.get().members.map((one) => `${one.username} ${one.role}`)
    expect(names()).toEqual(["ann-sdk owner"])

    const made = await settle(invites(ann, id).create({ expiresInS: 3_600, usesMax: 2 }))
    expect(made).toMatchObject({ room_id: id, role: "member", uses: 0, uses_max: 2 })
    expect(await code(redeemInvite(bob, `${made.code}x`))).toBe("not_found")
    expect(await settle(redeemInvite(bob, made.code))).toMatchObject({ id, name: "den", role: "member" })
    expect(await settle(redeemInvite(bob, made.code))).toMatchObject({ id, role: "member" })
    const { invites: listed } = await settle(invites(ann, id).list())
    expect(listed).toMatchObject([{ id: made.id, uses: 1 }])
    await until("bob is listed", () => names().includes("bob-sdk member"))

    const own = roomSettings(bob, id)
    await settle(bob.room(id).open())
    await settle(own.load())
    expect(own.get()).toMatchObject({
      id,
      kind: "private",
      role: "member",
      muted_until: null,
      archived: false,
    })
    expect(await code(own.change({ topic: "mine" }))).toBe("forbidden")
    await settle(desk.setRole("bob-sdk", "moderator"))
    await until("bob is told", () => own.get()?.role === "moderator")
    await until("ann is told", () => names().includes("bob-sdk moderator"))
    await settle(desk.mute("bob-sdk", 600))
    await until("the mute", () => own.get()?.muted_until !== null)
    const again = roomSettings(bob, id)
    await settle(again.load())
    expect(again.get()).toEqual(own.get())
    expect(await code(bob.room(id).messages.send("?").settled)).toBe("forbidden")
    await settle(desk.unmute("bob-sdk"))
    await until("its end", () => own.get()?.muted_until === null)

    const settings = roomSettings(ann, id)
    await settle(settings.load())
    await settle(settings.change({ name: "lair", slow_mode_s: 5, rights: { invite: "admin" } }))
    await until("the settings", () => own.get()?.slow_mode_s === 5)
    expect(own.get()).toMatchObject({ name: "lair", rights: { invite: "admin" }, topic: "" })
    expect(await code(invites(bob, id).create())).toBe("forbidden")

    await settle(desk.kick("bob-sdk"))
    await until("bob is out", () => own.get()?.role === null)
    await until("ann sees it", () => names().length === 1)
    expect(await code(desk.kick("bob-sdk"))).toBe("not_found")
    await settle(redeemInvite(bob, made.code))
    await until("bob is back", () => own.get()?.role === "member")
    await settle(settings.change({ rights: {} }))
    const bobs = await settle(invites(bob, id).create())
    await settle(settings.change({ rights: { invite: "admin" } }))
    expect(await code(redeemInvite(ann, bobs.code))).toBe("not_found")
    await settle(settings.change({ rights: {} }))
    expect(await code(redeemInvite(ann, bobs.code))).toBe("none")
    await settle(desk.ban("bob-sdk", { reason: "enough" }))
    await until("bob is out again", () => own.get()?.role === null)
    const other = await settle(invites(ann, id).create())
    expect(await code(redeemInvite(bob, other.code))).toBe("forbidden")
    const { bans } = await settle(desk.bans())
    expect(bans).toMatchObject([{ user: { username: "bob-sdk" }, reason: "enough", until: null }])
    expect(await code(redeemInvite(ann, bobs.code))).toBe("not_found")
    await settle(desk.unban(bans[0]?.user.id ?? ""))
    expect(await code(redeemInvite(ann, bobs.code))).toBe("not_found")
    await settle(invites(ann, id).revoke(other.id))
    expect(await code(redeemInvite(bob, other.code))).toBe("not_found")
    expect(await code(redeemInvite(bob, made.code))).toBe("not_found")
    for (const one of [desk, own, again, settings]) one.close()
  })

  test("what a connection missed is asked for when it is back; a room handed over has one owner", async () => {
    const { stage, ann, bob } = await scene()
    const { settle, until } = stage
    const { id } = await settle(ann.rooms.create({ kind: "group", name: "crew", members: ["bob-sdk"] }))
    const desk = moderation(bob, id)
    await settle(desk.load())
    expect(desk.get()).toMatchObject({ status: "ready", hasMore: false })
    bob.close()
    await until("it is away", () => desk.get().status === "stale")
    await settle(ann.room(id).members.add(["ann-sdk", "bob-sdk"]))
    const own = roomSettings(ann, id)
    await settle(ann.room(id).open())
    await settle(own.load())
    await settle(moderation(ann, id).transfer("bob-sdk"))
    await until("ann is told", () => own.get()?.role === "admin")
    bob.connect()
    const roleOf = (name: string) => desk.get().members.find(({ username }) => username === name)?.role
    await until("it is asked anew", () => desk.get().status === "ready" && roleOf("bob-sdk") === "owner")
    expect(roleOf("ann-sdk")).toBe("admin")
    desk.close()
    own.close()
  })
})
