import { expect, test } from "bun:test"
import { bareLinkAt, hasForeignHost, placeOf, safeHref } from "./link.ts"
import { blocksOf } from "./markdown.ts"
import { type Inline, textOf } from "./markdown-node.ts"

const inlines = (content: string): readonly Inline[] =>
  blocksOf(content).flatMap((block) => (block.kind === "lines" ? block.children : []))
const links = (content: string) =>
  inlines(content).flatMap((node) => (node.kind === "link" ? [node.href] : []))
const read = (content: string) => textOf(inlines(content))

test("a message without an address is one piece of text", () => {
  expect(inlines("hello, world")).toEqual([{ kind: "text", text: "hello, world", at: 0 }])
})

test("http and https addresses become links between the text around them", () => {
  const content = "see https://klatch.example/a?b=c#d and http://example.org now"
  expect(inlines(content).map((node) => [node.kind, textOf([node])])).toEqual([
    ["text", "see "],
    ["link", "https://klatch.example/a?b=c#d"],
    ["text", " and "],
    ["link", "http://example.org"],
    ["text", " now"],
  ])
  expect(links(content)).toEqual(["https://klatch.example/a?b=c#d", "http://example.org/"])
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
    expect(read(content)).toBe(content)
})

test("the punctuation of the sentence is not part of the link", () => {
  expect(links("Go to https://a.example/b.")).toEqual(["https://a.example/b"])
  expect(links("(https://a.example/b)")).toEqual(["https://a.example/b"])
  expect(links("https://a.example/b_(c), yes?")).toEqual(["https://a.example/b_(c)"])
  expect(links('"https://a.example/b"')).toEqual(["https://a.example/b"])
  expect(links("<https://a.example/b>!")).toEqual(["https://a.example/b"])
})

test("an address is found where it is looked for only", () => {
  expect(bareLinkAt("at https://a.example.", 3)).toEqual({
    text: "https://a.example",
    href: "https://a.example/",
  })
  expect(bareLinkAt("at https://a.example", 2)).toBeNull()
  expect(bareLinkAt("mailto:a@a.example", 0)).toBeNull()
})

test("only http, https and mail addresses pass the door to href", () => {
  expect(safeHref("https://a.example/b")).toBe("https://a.example/b")
  expect(safeHref("HTTP://A.example")).toBe("http://a.example/")
  expect(safeHref("mailto:ann@a.example?subject=hi")).toBe("mailto:ann@a.example?subject=hi")
  for (const text of [
    "javascript:alert(1)",
    "java\nscript:alert(1)",
    " javascript:alert(1)",
    "data:text/html,x",
    "blob:https://a.example/x",
    "mailto:",
    "mailto:nobody",
    "//a.example",
    "https:a.example",
    "ftp://a.example",
    "/path",
    "#hash",
    "",
  ])
    expect(safeHref(text)).toBeNull()
})

test("a host with letters that may look like others is known by how it is written", () => {
  for (const text of [
    "https://\u0430pple.example/",
    "HTTP://b\u0430nk.example:8443",
    "https://m\u00FCnchen.example?q",
    "https://%D0%B0pple.example/",
    "mailto:ann@\u0430pple.example?subject=hi",
    "mailto:ann@%D0%B0pple.example",
  ])
    expect([text, hasForeignHost(text)]).toEqual([text, true])
  for (const text of [
    "https://apple.example/\u0430?\u0430#\u0430",
    "https://xn--pple-43d.example/",
    "https://apple.example?\u0430",
    "https://apple.example\\\u0430",
    "mailto:\u0430nn@apple.example?subject=\u0430",
    "\u0430",
  ])
    expect([text, hasForeignHost(text)]).toEqual([text, false])
})

test("where a link goes is told by its host, or the mail address", () => {
  expect(placeOf("https://a.example:8443/b?c")).toBe("a.example:8443")
  expect(placeOf("mailto:ann%20b@a.example?subject=hi")).toBe("ann b@a.example")
  expect(placeOf("mailto:%E0%A4%A@a.example")).toBe("%E0%A4%A@a.example")
  expect(placeOf("mailto:ann@%D0%B0pple.example")).toBe("ann@xn--pple-43d.example")
  expect(placeOf("mailto:ann@%D0%B0%20b")).toBe("ann@%D0%B0%20b")
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

test("a look-alike host is told in its true spelling, by href and beside the link", () => {
  const places = (content: string) =>
    inlines(content).flatMap((node) => (node.kind === "link" ? [[node.href, node.place]] : []))
  const bank = "https://b\u0430nk.example"
  const told = [["https://xn--bnk-6cd.example/", "xn--bnk-6cd.example"]]
  for (const content of [
    `${bank}/`,
    `(${bank})`,
    `[${bank}](${bank})`,
    `[${bank}/](${bank}/)`,
    `[b\u0430nk.example](${bank})`,
    `[https://bank.example/](${bank}/)`,
  ])
    expect([content, places(content)]).toEqual([content, told])
  expect(places("https://bank.example/b\u0430nk")).toEqual([["https://bank.example/b%D0%B0nk", undefined]])
  expect(places("https://xn--bnk-6cd.example/")).toEqual([["https://xn--bnk-6cd.example/", undefined]])
})

test("an address behind a letter or a line of a word is none", () => {
  for (const content of [
    "ahttps://a.example",
    "1https://a.example",
    "a_https://a.example",
    "\\_https://a.example",
  ])
    expect([content, links(content)]).toEqual([content, []])
})

test("an address between marks stays a link, without them", () => {
  for (const mark of ["_", "*", "**", "__", "~~"]) {
    const [styled] = inlines(`${mark}https://example.com/${mark}`)
    const inside = styled !== undefined && "children" in styled ? styled.children : []
    expect([mark, inside]).toEqual([
      mark,
      [
        {
          kind: "link",
          href: "https://example.com/",
          children: [{ kind: "text", text: "https://example.com/", at: mark.length }],
        },
      ],
    ])
  }
})
