import { expect, test } from "bun:test"
import type { Database } from "../../db/sql.ts"
import type { GroupCommit } from "../../log/group-commit.ts"
import type { Members } from "../members/members.ts"
import { RoomDirectory } from "./room-directory.ts"
import { Rooms } from "./rooms.ts"

const principal = {
  user: { id: "0190a000-0000-7000-8000-0000000000a1", username: "ann", display_name: "Ann" },
}
const unknownId = "0190a000-0000-7000-8000-0000000000b1"

test("an id that no room has is answered as not found, and no room is made of it", async () => {
  const db = { query: () => Promise.resolve([]) } as unknown as Database
  let madeCount = 0
  const log = { change: () => Promise.resolve(madeCount++ > -1) } as unknown as GroupCommit
  const members = {} as unknown as Members
  const rooms = new Rooms({
    db,
    log,
    members,
    directory: new RoomDirectory(db),
    newId: () => unknownId,
    isOpen: true,
  })
  for (const ref of [unknownId, unknownId.toUpperCase()]) {
    await expect(rooms.find(principal, ref)).rejects.toMatchObject({ code: "not_found" })
    await expect(rooms.ensurePublic(principal, ref)).rejects.toMatchObject({ code: "not_found" })
    await expect(rooms.ensureGroup(principal, ref)).rejects.toMatchObject({ code: "not_found" })
  }
  await rooms.ensureGroup(principal, "crew")
  expect(madeCount).toBe(1)
})
