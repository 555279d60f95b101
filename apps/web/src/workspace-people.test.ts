import { expect, test } from "bun:test"
import type { RoomInfo, TimelineMessage } from "@klatch/client"
import { isDirect, peopleOf, titleOf } from "./workspace-people.ts"

const room = (name: string, more: Partial<RoomInfo> = {}): RoomInfo => ({
  id: name,
  name,
  slug: null,
  role: "member",
  ...more,
})
const from = (name: string) => ({ from: name }) as TimelineMessage

test("a direct room is called after the other one", () => {
  const direct = room("ann,Bob", { kind: "direct" })
  expect(titleOf(direct, "ann")).toBe("Bob")
  expect(titleOf(direct, "BOB")).toBe("ann")
  expect(titleOf(direct, undefined)).toBe("ann, Bob")
  expect(titleOf(room("me", { kind: "direct" }), "me")).toBe("me")
})

test("a room is direct by its kind, and before that is known by having two names and no address", () => {
  expect(isDirect(room("ann,bob"))).toBe(true)
  expect(isDirect(room("ann,bob", { slug: "ann-bob" }))).toBe(false)
  expect(isDirect(room("plans"))).toBe(false)
  expect(isDirect(room("plans, and more", { kind: "private" }))).toBe(false)
})

test("people are those of direct rooms and those who wrote, each once, without oneself", () => {
  const rooms = [
    room("ann,Zoe", { kind: "direct" }),
    room("plans", { kind: "public", last_message: { from: "bob" } as NonNullable<RoomInfo["last_message"]> }),
    room("silent", { kind: "public", last_message: null }),
  ]
  expect(peopleOf(rooms, [from("BOB"), from("ann"), from("cat"), from("")], "Ann")).toEqual([
    "BOB",
    "cat",
    "Zoe",
  ])
})
