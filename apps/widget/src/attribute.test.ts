import { describe, expect, test } from "bun:test"
import { attributesOf, positionOf, schemeOf, serverOf } from "./attribute.ts"

describe("the server is where the script came from", () => {
  test("with the path prefix in front of it, without the script's name and query", () => {
    expect(serverOf("https://chat.example/widget.js")).toBe("https://chat.example")
    expect(serverOf("https://chat.example:8443/a/b/widget.js?v=1#x")).toBe("https://chat.example:8443/a/b")
  })

  test("and unknown for a script that came from nowhere", () => {
    for (const url of [undefined, "", "widget.js", "data:text/javascript,1", "file:///widget.js"])
      expect(serverOf(url)).toBeNull()
  })
})

describe("a script's data- attributes", () => {
  const dataOf = (data: Record<string, string>) => attributesOf((name) => data[name] ?? null)

  test("are the element's attributes, the empty ones too", () => {
    expect(
      dataOf({ "data-room": "den", "data-token-callback": "a.b", "data-open": "", "data-other": "x" }),
    ).toEqual([
      ["room", "den"],
      ["token-callback", "a.b"],
      ["open", ""],
    ])
  })

  test("ask for no chat without a room: the page has elements of its own", () => {
    expect(dataOf({ "data-user": "ann" })).toBeNull()
    expect(dataOf({ "data-room": "" })).toEqual([["room", ""]])
  })
})

test("a position or scheme that is none is the usual one", () => {
  expect([positionOf("top-left"), positionOf("TOP"), positionOf(null)]).toEqual([
    "top-left",
    "bottom-right",
    "bottom-right",
  ])
  expect([schemeOf("dark"), schemeOf("night"), schemeOf(null)]).toEqual(["dark", "auto", "auto"])
})
