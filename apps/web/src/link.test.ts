import { expect, test } from "bun:test"
import { pieces } from "./link.ts"

const links = (content: string) =>
  pieces(content).flatMap((piece) => (piece.href === undefined ? [] : [piece.href]))
const joined = (content: string) =>
  pieces(content)
    .map((piece) => piece.text)
    .join("")

test("a message without an address is one piece of text", () => {
  expect(pieces("hello, world")).toEqual([{ text: "hello, world" }])
  expect(pieces("")).toEqual([])
})

test("http and https addresses become links between the text around them", () => {
  expect(pieces("see https://klatch.example/a?b=c#d and http://example.org now")).toEqual([
    { text: "see " },
    { text: "https://klatch.example/a?b=c#d", href: "https://klatch.example/a?b=c#d" },
    { text: " and " },
    { text: "http://example.org", href: "http://example.org/" },
    { text: " now" },
  ])
})

test("no text is lost or added, whatever it holds", () => {
  for (const content of [
    "https://a.example",
    "(https://a.example/b_(c)).",
    "https://",
    "https://[::1",
    "x https://a.example\u202Emoc.knab//:sptth y",
    "javascript:alert(1) https://u:p@a.example/ https://a.example",
  ])
    expect(joined(content)).toBe(content)
})

test("the punctuation of the sentence is not part of the link", () => {
  expect(links("Go to https://a.example/b.")).toEqual(["https://a.example/b"])
  expect(links("(https://a.example/b)")).toEqual(["https://a.example/b"])
  expect(links("https://a.example/b_(c), yes?")).toEqual(["https://a.example/b_(c)"])
  expect(links('"https://a.example/b"')).toEqual(["https://a.example/b"])
  expect(links("<https://a.example/b>!")).toEqual(["https://a.example/b"])
})

test("nothing but http and https is ever a link", () => {
  for (const content of [
    "javascript:alert(1)",
    "JaVaScRiPt://https%0aalert(1)",
    "java\tscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "file:///etc/passwd",
    "ftp://a.example",
    "//a.example",
    "www.a.example",
    "https:a.example",
    "https:///",
    "https://",
    "xhttps://a.example",
  ])
    expect(links(content)).toEqual([])
  expect(links("javascript:https://a.example/")).toEqual(["https://a.example/"])
})

test("an address ends at an invisible or direction-changing character", () => {
  for (const trick of [
    "\u202E",
    "\u202D",
    "\u2066",
    "\u2067",
    "\u200B",
    "\u200E",
    "\u200F",
    "\u00AD",
    "\uFEFF",
    "\u0000",
  ])
    expect(links(`https://evil.example/${trick}moc.knab`)).toEqual(["https://evil.example/"])
})

test("an address that hides its host behind a user name stays text", () => {
  expect(links("https://bank.example@evil.example/")).toEqual([])
  expect(links("https://bank.example:443@evil.example/")).toEqual([])
})

test("a look-alike host is told in its true spelling by href", () => {
  expect(links("https://b\u0430nk.example/")).toEqual(["https://xn--bnk-6cd.example/"])
})

test("a message of the greatest length is cut in linear time", () => {
  for (const part of ["https://", "https://a.example/(", "(", "https://a.example ", ")"]) {
    const content = part.repeat(Math.floor(8_000 / part.length))
    expect(joined(content)).toBe(content)
  }
})
