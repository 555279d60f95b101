import { expect, test } from "bun:test"
import { inviteLink, queryFor, readAddress } from "./address.ts"

test("a room and a name are read in each of their spellings", () => {
  expect(readAddress("http://h/client.html?r=Den&u=bob")).toEqual({
    user: "bob",
    invite: null,
    room: "den",
    server: "http://h",
  })
  expect(readAddress("http://h/?room=den&user=bob")).toMatchObject({ user: "bob", room: "den" })
  expect(readAddress("http://h/?room_id=den")).toMatchObject({ user: null, room: "den" })
  expect(readAddress("http://h/?r=&u=%20")).toMatchObject({ user: null, room: null })
})

test("the server is where the page is, prefix and all", () => {
  expect(readAddress("https://h:8443/").server).toBe("https://h:8443")
  expect(readAddress("https://h/chat/app/?r=x#y").server).toBe("https://h/chat/app")
  expect(readAddress("https://h/chat/app/client.html?r=a/b").server).toBe("https://h/chat/app")
})

test("what is written is read back", () => {
  for (const [room, user] of [
    ["den", null],
    ["den", "a&b=c"],
    ["0190c5a2-0000-7000-8000-000000000000", "bob"],
  ] as const)
    expect(readAddress(`http://h/${queryFor(room, user)}`)).toMatchObject({ room, user })
})

test("an invitation's link leads to the page, whatever was looked at when it was made", () => {
  const link = inviteLink("https://h/chat/client.html?r=den&u=bob#x", "a-_b")
  expect(link).toBe("https://h/chat/?invite=a-_b")
  expect(readAddress(link)).toEqual({ invite: "a-_b", room: null, user: null, server: "https://h/chat" })
})
