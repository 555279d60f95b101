import { expect, test } from "bun:test"
import type { Role } from "@klatch/client"
import { mayDo, type RoomMember } from "@klatch/client/moderation"
import { choicesOf } from "./members-panel-menu.tsx"
import type { RoomDesk } from "./room-desk.ts"

/** What someone of a role is offered about a member, and what is done as it is chosen. */
function offered(own: Role, member: Partial<RoomMember>, archived = false) {
  const done: unknown[] = []
  const note =
    (verb: string) =>
    async (...what: unknown[]) =>
      void done.push([verb, ...what])
  const members = { setRole: note("setRole"), mute: note("mute"), unmute: note("unmute") }
  const room = { kind: "private", archived, rights: {}, role: own } as const
  const desk = { members, may: (...asked: [never, never]) => mayDo(asked[0], room, asked[1]) }
  const one = { id: "b", username: "bob", display_name: "Bob", role: "member", muted_until: null, ...member }
  const frame = { ask: ({ act }: { act: string }) => void done.push(["ask", act]) }
  const groups = choicesOf(desk as unknown as RoomDesk, one as RoomMember, frame)
  return { done, choices: groups.flat(), labels: groups.map((group) => group.map(({ label }) => label)) }
}

test("an owner is offered every act, whoever stands lower what they may, about those below them", () => {
  const mutes = ["Mute for 10 minutes", "Mute for 1 day"]
  const out = ["Remove from the room", "Ban from the room"]
  expect(offered("owner", {}).labels).toEqual([
    ["Make admin", "Make moderator", "Let only read"],
    mutes,
    ["Hand the room over", ...out],
  ])
  expect(offered("admin", { role: "moderator" }).labels).toEqual([
    ["Make member", "Let only read"],
    mutes,
    out,
  ])
  expect(offered("moderator", {}).labels).toEqual([mutes, out])
  for (const [own, role] of [
    ["moderator", "moderator"],
    ["moderator", "admin"],
    ["admin", "owner"],
    ["member", "reader"],
    ["reader", "member"],
  ] as const)
    expect(offered(own, { role }).labels).toEqual([])
  // Also an archived room can be closed to someone.
  expect(offered("owner", {}, true).labels).toEqual([["Remove from the room", "Ban from the room"]])
})

test("who is muted is let speak again, who only reads is not muted, grave acts are asked about first", async () => {
  const soon = new Date(Date.now() + 60_000).toISOString()
  const muted = offered("moderator", { muted_until: soon })
  expect(muted.labels[0]).toEqual(["Let them write again"])
  expect(offered("moderator", { muted_until: "2020-01-01T00:00:00.000Z" }).labels[0]).toHaveLength(2)
  expect(offered("moderator", { role: "reader" }).labels).toEqual([
    ["Remove from the room", "Ban from the room"],
  ])
  const all = offered("owner", {})
  for (const choice of [...muted.choices, ...all.choices]) await choice.run()
  expect(muted.done).toEqual([
    ["unmute", "b"],
    ["ask", "kick"],
    ["ask", "ban"],
  ])
  expect(all.done).toEqual([
    ["setRole", "b", "admin"],
    ["setRole", "b", "moderator"],
    ["setRole", "b", "reader"],
    ["mute", "b", 600],
    ["mute", "b", 86_400],
    ["ask", "transfer"],
    ["ask", "kick"],
    ["ask", "ban"],
  ])
})
