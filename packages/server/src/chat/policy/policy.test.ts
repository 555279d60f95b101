import { describe, expect, test } from "bun:test"
import { type Role, type RoomKind, role, roomKind } from "@klatch/protocol"
import { type Action, actions, decide, type Question, type Standing } from "./policy.ts"

/**
 * Roles in a public room, a private one or a group, and `nobody` in a public one; then members of a direct room,
 * everyone in the broadcast room, and whose the inbox is. Nobody else learns that any other room exists.
 */
const table = `
  action         owner admin moderator member reader nobody direct broadcast inbox
  read           yes   yes   yes       yes    yes    yes    yes    yes       yes
  join           yes   yes   yes       yes    yes    yes    yes    yes       yes
  leave          yes   yes   yes       yes    yes    yes    no     no        no
  post           yes   yes   yes       yes    no     yes    yes    yes       no
  edit_any       yes   no    no        no     no     no     no     no        no
  delete_any     yes   yes   yes       no     no     no     no     no        no
  pin            yes   yes   yes       yes    no     no     yes    no        no
  add_members    yes   yes   yes       yes    no     no     no     no        no
  invite         yes   yes   yes       yes    no     no     no     no        no
  kick           yes   yes   yes       no     no     no     no     no        no
  mute           yes   yes   yes       no     no     no     no     no        no
  ban            yes   yes   yes       no     no     no     no     no        no
  set_role       yes   yes   no        no     no     no     no     no        no
  transfer       yes   no    no        no     no     no     no     no        no
  change_room    yes   yes   no        no     no     no     no     no        no
  change_rights  yes   yes   no        no     no     no     no     no        no
  archive        yes   yes   no        no     no     no     no     no        no
  delete_room    yes   no    no        no     no     no     no     no        no
`

const told = { yes: "allowed", no: "forbidden" } as const

type Who = Role | "nobody"
const [head = [], ...lines] = table
  .trim()
  .split("\n")
  .map((line) => line.trim().split(/\s+/))
/** What the table says of an action, by its column. */
const expected = (action: Action, column: string) =>
  told[lines.find(([name]) => name === action)?.[head.indexOf(column)] as keyof typeof told]

/** Every kind of room with everyone who can stand in it, and the column that tells of them; none: they know nothing. */
const cases: { kind: RoomKind; who: Who; column: string | null }[] = [
  ...(["public", "private", "group"] as const).flatMap((kind) =>
    role.options.map((who) => ({ kind, who, column: who })),
  ),
  { kind: "public", who: "nobody", column: "nobody" },
  { kind: "direct", who: "member", column: "direct" },
  { kind: "broadcast", who: "member", column: "broadcast" },
  { kind: "inbox", who: "reader", column: "inbox" },
  ...(["private", "group", "direct", "inbox"] as const).map((kind) => ({
    kind,
    who: "nobody" as const,
    column: null,
  })),
]

const standing = (who: Role | "nobody", more: Partial<Standing> = {}): Standing => ({
  role: who === "nobody" ? null : who,
  mutedUntilMs: null,
  isBanned: false,
  ...more,
})
const ask = (action: Action, kind: RoomKind, who: Role | "nobody", more: Partial<Question> = {}): string => {
  const verdict = decide({
    action,
    asker: { isAdmin: false, mayBroadcast: true },
    standing: standing(who),
    room: { kind, isArchived: false, rights: {} },
    nowMs: 1_000,
    ...more,
  })
  return verdict.allowed ? "allowed" : verdict.code
}

test("the table has a row for every action, and the cases are of every kind of room", () => {
  expect(lines.map(([action]) => action)).toEqual([...actions])
  expect(lines.every((cells) => cells.length === head.length)).toBe(true)
  expect(new Set(cases.map(({ kind }) => kind))).toEqual(new Set(roomKind.options))
})

test.each(cases)("kind $kind, role $who: may do what the table says, and is told what it says", (one) => {
  for (const action of actions) {
    const wanted = one.column === null ? "not_found" : expected(action, one.column)
    expect([action, ask(action, one.kind, one.who)]).toEqual([action, wanted])
  }
})

describe("beyond the table", () => {
  const roles = [...role.options]

  test("an archived room is read, left, deleted and taken out of the archive; access is taken, no more", () => {
    const room = { kind: "private", isArchived: true, rights: {} } as const
    for (const who of roles)
      for (const action of actions) {
        const open = ask(action, "private", who)
        const isStill = ["read", "join", "leave", "archive", "delete_room", "kick", "ban"].includes(action)
        expect([who, action, ask(action, "private", who, { room })]).toEqual([
          who,
          action,
          isStill ? open : "forbidden",
        ])
      }
    expect(ask("join", "public", "nobody", { room: { ...room, kind: "public" } })).toBe("forbidden")
    expect(ask("read", "public", "nobody", { room: { ...room, kind: "public" } })).toBe("allowed")
  })

  test("a room's rights say the least role for an act, for more or for less than the default", () => {
    const with_ = (rights: Question["room"]["rights"]) => ({
      room: { kind: "public", isArchived: false, rights } as const,
    })
    const may = (action: Action, rights: Question["room"]["rights"]) =>
      roles.filter((who) => ask(action, "public", who, with_(rights)) === "allowed")
    expect(may("post", { post: "moderator" })).toEqual(["owner", "admin", "moderator"])
    expect(may("post", { post: "reader" })).toEqual(roles)
    expect(may("edit_any", { edit_any: "moderator" })).toEqual(["owner", "admin", "moderator"])
    expect(may("invite", { invite: "owner" })).toEqual(["owner"])
    expect(ask("post", "public", "nobody", with_({ post: "moderator" }))).toBe("forbidden")
  })

  test("whoever is muted reads, and writes again when the time has come", () => {
    const muted = (untilMs: number) => ({ standing: standing("member", { mutedUntilMs: untilMs }) })
    expect(ask("post", "group", "member", muted(1_001))).toBe("forbidden")
    expect(ask("read", "group", "member", muted(1_001))).toBe("allowed")
    expect(ask("post", "group", "member", muted(1_000))).toBe("allowed")
  })

  test("whoever left muted or as a reader does not write as a newcomer", () => {
    const past = (more: Partial<Standing>) =>
      ask("post", "public", "nobody", { standing: standing("nobody", more) })
    expect(past({})).toBe("allowed")
    expect(past({ wasReader: true })).toBe("forbidden")
    expect(past({ mutedUntilMs: 1_001 })).toBe("forbidden")
    expect(past({ mutedUntilMs: 1_000 })).toBe("allowed")
  })

  test("whoever is banned comes in nowhere", () => {
    for (const kind of ["public", "private", "group"] as const)
      for (const action of actions)
        expect(ask(action, kind, "nobody", { standing: standing("nobody", { isBanned: true }) })).not.toBe(
          "allowed",
        )
  })

  test("on members one acts only from above, and gives only roles below one's own", () => {
    const onOther = (who: Role, action: Action, their: Role, nextRole?: Role) =>
      ask(action, "group", who, { target: { role: their, isSelf: false, nextRole } })
    for (const action of ["kick", "mute", "ban"] as const)
      for (const [i, who] of roles.entries())
        for (const [j, their] of roles.entries()) {
          const may = i < j && i <= roles.indexOf("moderator")
          expect([action, who, their, onOther(who, action, their)]).toEqual([
            action,
            who,
            their,
            may ? "allowed" : "forbidden",
          ])
        }
    for (const [i, who] of roles.entries())
      for (const [j, their] of roles.entries())
        for (const [k, next] of roles.entries()) {
          const may = i <= roles.indexOf("admin") && i < j && i < k
          expect([who, their, next, onOther(who, "set_role", their, next)]).toEqual([
            who,
            their,
            next,
            may ? "allowed" : "forbidden",
          ])
        }
    expect(ask("transfer", "group", "owner", { target: { role: null, isSelf: false } })).toBe("forbidden")
    for (const action of ["kick", "mute", "ban", "set_role", "transfer"] as const)
      expect(ask(action, "group", "owner", { target: { role: "owner", isSelf: true } })).toBe("forbidden")
  })

  test("a server's administrator stands above owners, but in no room of two and no inbox", () => {
    const asker = { isAdmin: true, mayBroadcast: true }
    for (const kind of ["public", "private", "group"] as const)
      for (const action of actions) expect(ask(action, kind, "nobody", { asker })).toBe("allowed")
    expect(ask("kick", "private", "nobody", { asker, target: { role: "owner", isSelf: false } })).toBe(
      "allowed",
    )
    const demoted = { role: "owner", isSelf: false, nextRole: "member" } as const
    expect(ask("set_role", "private", "nobody", { asker, target: demoted })).toBe("forbidden")
    for (const kind of ["direct", "inbox"] as const)
      for (const action of actions) expect(ask(action, kind, "nobody", { asker })).toBe("not_found")
  })

  test("who may not broadcast hears, and is told so", () => {
    const asker = { isAdmin: false, mayBroadcast: false }
    expect(ask("post", "broadcast", "member", { asker })).toBe("forbidden")
    expect(ask("read", "broadcast", "member", { asker })).toBe("allowed")
  })

  test("an administrator says who may broadcast, also in open mode, and always may", () => {
    const may = (post: Role | undefined, asker: Question["asker"]) =>
      ask("post", "broadcast", "member", {
        asker,
        room: { kind: "broadcast", isArchived: false, rights: { post } },
      })
    const [open, closed] = [true, false].map((mayBroadcast) => ({ isAdmin: false, mayBroadcast }))
    const admin = { isAdmin: true, mayBroadcast: true }
    for (const post of role.options) {
      const wanted = post === "member" || post === "reader" ? "allowed" : "forbidden"
      expect([post, may(post, open!), may(post, closed!)]).toEqual([post, wanted, wanted])
      expect(may(post, admin)).toBe("allowed")
    }
    for (const action of actions) {
      const isTheirs = ["read", "join", "post", "change_rights"].includes(action)
      expect([action, ask(action, "broadcast", "member", { asker: admin })]).toEqual([
        action,
        isTheirs ? "allowed" : "forbidden",
      ])
    }
  })
})
