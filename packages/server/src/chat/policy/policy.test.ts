import { expect, test } from "bun:test"
import { type Role, type RoomKind, role, roomKind } from "@klatch/protocol"
import { type Action, decide } from "./policy.ts"

const actions = ["read", "join", "post", "leave", "add_members", "change_room", "delete_room"] as const
const everyAction: Record<Action, true> = {
  read: true,
  join: true,
  post: true,
  leave: true,
  add_members: true,
  change_room: true,
  delete_room: true,
}

/** yes: allowed. no: told that they may not. ??: told that there is no such room. In the order of `actions`. */
const table = `
                      read join post leave add  change delete
  public     owner     yes  yes  yes  yes   yes  yes    yes
  public     admin     yes  yes  yes  yes   yes  yes    no
  public     moderator yes  yes  yes  yes   yes  no     no
  public     member    yes  yes  yes  yes   yes  no     no
  public     reader    yes  yes  no   yes   no   no     no
  public     nobody    yes  yes  yes  yes   no   no     no
  private    owner     yes  yes  yes  yes   yes  yes    yes
  private    admin     yes  yes  yes  yes   yes  yes    no
  private    moderator yes  yes  yes  yes   yes  no     no
  private    member    yes  yes  yes  yes   yes  no     no
  private    reader    yes  yes  no   yes   no   no     no
  private    nobody    ??   ??   ??   ??    ??   ??     ??
  group      owner     yes  yes  yes  yes   yes  yes    yes
  group      admin     yes  yes  yes  yes   yes  yes    no
  group      moderator yes  yes  yes  yes   yes  no     no
  group      member    yes  yes  yes  yes   yes  no     no
  group      reader    yes  yes  no   yes   no   no     no
  group      nobody    ??   ??   ??   ??    ??   ??     ??
  direct     owner     yes  yes  yes  no    no   no     no
  direct     admin     yes  yes  yes  no    no   no     no
  direct     moderator yes  yes  yes  no    no   no     no
  direct     member    yes  yes  yes  no    no   no     no
  direct     reader    yes  yes  no   no    no   no     no
  direct     nobody    ??   ??   ??   ??    ??   ??     ??
  broadcast  owner     yes  yes  yes  no    no   no     no
  broadcast  admin     yes  yes  yes  no    no   no     no
  broadcast  moderator yes  yes  yes  no    no   no     no
  broadcast  member    yes  yes  yes  no    no   no     no
  broadcast  reader    yes  yes  yes  no    no   no     no
  broadcast  nobody    yes  yes  yes  no    no   no     no
  inbox      owner     yes  yes  no   no    no   no     no
  inbox      admin     yes  yes  no   no    no   no     no
  inbox      moderator yes  yes  no   no    no   no     no
  inbox      member    yes  yes  no   no    no   no     no
  inbox      reader    yes  yes  no   no    no   no     no
  inbox      nobody    ??   ??   ??   ??    ??   ??     ??
`

const told = { yes: "allowed", no: "forbidden", "??": "not_found" } as const

interface Row {
  readonly kind: RoomKind
  readonly who: Role | "nobody"
  readonly expected: readonly string[]
}

const rows: Row[] = table
  .trim()
  .split("\n")
  .slice(1)
  .map((line) => {
    const [kind = "", who = "", ...cells] = line.trim().split(/\s+/)
    return {
      kind: roomKind.parse(kind),
      who: who === "nobody" ? who : role.parse(who),
      expected: cells.map((cell) => told[cell as keyof typeof told]),
    }
  })

test("the table has a row for every kind of room and every role, and a column for every action", () => {
  const wanted = roomKind.options.flatMap((kind) =>
    [...role.options, "nobody"].map((who) => `${kind} ${who}`),
  )
  expect(rows.map(({ kind, who }) => `${kind} ${who}`)).toEqual(wanted)
  expect(rows.every(({ expected }) => expected.length === actions.length)).toBe(true)
  expect(Object.keys(everyAction).sort()).toEqual([...actions].sort())
})

test.each(rows)("kind $kind, role $who: may do what the table says, and is told what it says", (row) => {
  const verdicts = actions.map((action) => {
    const verdict = decide(action, row.kind, row.who === "nobody" ? null : row.who)
    return verdict.allowed ? "allowed" : verdict.code
  })
  expect<readonly string[]>(verdicts).toEqual(row.expected)
})
