import { expect, test } from "bun:test"
import fc from "fast-check"
import { safeHref } from "./link.ts"
import { blocksOf } from "./markdown.ts"
import { type Block, type Inline, lineOf, textOf } from "./markdown-node.ts"

/** A message as one reads it in a table: marks as names of elements. */
function told(blocks: readonly Block[]): string {
  return blocks
    .map((block): string => {
      if (block.kind === "lines") return inline(block.children)
      if (block.kind === "pre") return `<pre${block.language && ` ${block.language}`}>${block.text}</pre>`
      if (block.kind === "quote") return `<quote>${told(block.blocks)}</quote>`
      const items = block.items.map(
        ({ number, children, lists }) => `<${number ?? "-"}>${inline(children)}${told(lists)}</>`,
      )
      return `<list>${items.join("")}</list>`
    })
    .join("|")
}
function inline(nodes: readonly Inline[]): string {
  const names = { strong: "b", emphasis: "i", strike: "s" } as const
  return nodes
    .map((node) => {
      if (node.kind === "text") return node.text
      if (node.kind === "code") return `<code>${node.text}</code>`
      if (node.kind === "mention") return `<@>${node.text}</@>`
      if (node.kind === "link") return `<a ${node.href}>${inline(node.children)}</a>`
      return `<${names[node.kind]}>${inline(node.children)}</${names[node.kind]}>`
    })
    .join("")
}

const means = (content: string, meaning: string) => expect(told(blocksOf(content))).toBe(meaning)
const isText = (content: string) => means(content, content)

test("bold, italic and strike", () => {
  means("a **b** c", "a <b>b</b> c")
  means("__b__, *i*, _i_ and ~~s~~", "<b>b</b>, <i>i</i>, <i>i</i> and <s>s</s>")
  means("***both*** and **b *i***", "<b><i>both</i></b> and <b>b <i>i</i></b>")
  means("*i **b***", "<i>i <b>b</b></i>")
  means("**b _i ~~s~~_**", "<b>b <i>i <s>s</s></i></b>")
  means("(*i*), “**b**”.", "(<i>i</i>), “<b>b</b>”.")
  means("这是**粗体**文字", "这是<b>粗体</b>文字")
})

test("marks that are not meant as such stay text", () => {
  for (const content of [
    "2 * 3 * 4",
    "2*3*4",
    "snake_case_name",
    "a ** b ** c",
    "*open",
    "close*",
    "**",
    "****",
    "~one~",
    "¯\\_(ツ)_/¯",
    "*a\nb*",
    "5 > 4",
    ">_<",
    ">",
    "# not a heading",
    "---",
    "1) one",
    "-5 degrees",
    "<b>x</b> &amp; &#42;",
    "![x](x)",
    "[x]",
    "[x](y)",
    "[ ](https://a.example)".replace("https", "gopher"),
  ])
    isText(content)
})

test("a mark that crosses another closes, and the other stays text", () => {
  means("**a _b** c_", "<b>a _b</b> c_")
  means("*a *b*", "*a <i>b</i>")
})

test("inline code keeps what it holds", () => {
  means("`**a**`", "<code>**a**</code>")
  means("`` a`b ``", "<code> a`b </code>")
  means("`` `a` ``", "<code>`a`</code>")
  means("```a```", "<code>a</code>")
  means("`https://a.example` @`x`", "<code>https://a.example</code> @<code>x</code>")
  isText("`open and ``")
})

test("fenced code", () => {
  means("```\na\n  b\n```", "<pre>a\n  b</pre>")
  means("look:\n\n```ts\nlet a = `b`\n```\n\nright?", "look:|<pre ts>let a = `b`</pre>|right?")
  means("~~~\n```\n~~~", "<pre>```</pre>")
  means("```\nfoo()```", "<pre>foo()</pre>")
  means("```\n\na\n\n```", "<pre>\na\n</pre>")
  means("```\nnot closed\n> - x", "<pre>not closed\n> - x</pre>")
  isText("```")
  isText("```\n```")
})

test("quotes, also in one another", () => {
  means("> a\n> **b**\nc", "<quote>a\n<b>b</b></quote>|c")
  means("> > a\n> b", "<quote><quote>a</quote>|b</quote>")
  means("> ```\n> x\n> ```", "<quote><pre>x</pre></quote>")
  means(`${"> ".repeat(5)}a`, "<quote><quote><quote>> > a</quote></quote></quote>")
})

test("lists, with numbers as they were written", () => {
  means("- a\n- *b*\n* c", "<list><->a</><-><i>b</i></><->c</></list>")
  means("1. a\n3. b", "<list><1>a</><3>b</></list>")
  means("x\n- a\n1. b\ny", "x|<list><->a</></list>|<list><1>b</></list>|y")
  means(
    "- a\n  - b\n    - c\n      - d\n- e",
    "<list><->a<list><->b<list><->c</><->d</></list></></list></><->e</></list>",
  )
})

test("links with a text of their own", () => {
  means("[a *b*](https://a.example/c)", "<a https://a.example/c>a <i>b</i></a>")
  means("[a](https://a.example/b_(c))", "<a https://a.example/b_(c)>a</a>")
  means("[write](mailto:ann@a.example)!", "<a mailto:ann@a.example>write</a>!")
  means("[[a]](https://a.example)", "<a https://a.example/>[a]</a>")
  means("![a](https://a.example)", "!<a https://a.example/>a</a>")
  means(
    "[a [b](https://b.example) c](https://c.example)",
    "[a <a https://b.example/>b</a> c](<a https://c.example/>https://c.example</a>)",
  )
  for (const target of [
    "javascript:alert(1)",
    "data:text/html,x",
    "JAVASCRIPT:x",
    "vbscript:x",
    "/a",
    "a",
    "",
  ])
    isText(`[a](${target})`)
  isText("[\u200B](mailto:ann@a.example)")
})

test("a link tells its place unless its text does", () => {
  const place = (content: string) => {
    const [block] = blocksOf(content)
    const node = block?.kind === "lines" ? block.children[0] : undefined
    return node?.kind === "link" ? node.place : "no link"
  }
  expect(place("[docs](https://a.example/b)")).toBe("a.example")
  expect(place("[https://bank.example](https://evil.example)")).toBe("evil.example")
  expect(place("[write](mailto:ann@a.example)")).toBe("ann@a.example")
  expect(place("[a.example](https://a.example)")).toBeUndefined()
  expect(place("https://a.example/b")).toBeUndefined()
})

test("names with an @ are marked, and nothing that is an address", () => {
  means("@ann, hi @bob.", "<@>@ann</@>, hi <@>@bob</@>.")
  means("**@ann** _@bob_", "<b><@>@ann</@></b> <i><@>@bob</@></i>")
  for (const content of ["a@b.example", "@a", "@", "@types/node", `@${"x".repeat(33)}`, "@a@b.example"])
    isText(content)
})

test("what is read of it fits in one line", () => {
  expect(lineOf(blocksOf("**a**\n> b\n\n- c\n- d\n```\ne\n```"))).toBe("a b c d e")
})

/** Every text in it, in order, with where it says it stands. */
function leaves(blocks: readonly Block[]): { text: string; at: number }[] {
  const of = (nodes: readonly Inline[]): { text: string; at: number }[] =>
    nodes.flatMap((node) => ("children" in node ? of(node.children) : [node]))
  return blocks.flatMap((block) => {
    if (block.kind === "lines") return of(block.children)
    if (block.kind === "pre") return [block]
    if (block.kind === "quote") return leaves(block.blocks)
    return block.items.flatMap((item) => [...of(item.children), ...leaves(item.lists)])
  })
}
function hrefs(nodes: readonly Inline[]): string[] {
  return nodes.flatMap((node) =>
    "children" in node ? [...(node.kind === "link" ? [node.href] : []), ...hrefs(node.children)] : [],
  )
}
const allHrefs = (blocks: readonly Block[]): string[] =>
  blocks.flatMap((block) => {
    if (block.kind === "lines") return hrefs(block.children)
    if (block.kind === "quote") return allHrefs(block.blocks)
    if (block.kind === "list")
      return block.items.flatMap((item) => [...hrefs(item.children), ...allHrefs(item.lists)])
    return []
  })

/** All that may stand between two texts: marks, white space, and the target of a link. */
const marks = /^(?:[\s*_~`>•-]|\d{1,9}\.|\[|\](?:\([^\s]*?\))?|(?:`{3,}|~{3,})[ \t]*[\w+#.-]{0,20})*$/
const isMarks = (text: string) => marks.test(text)

const piece = fc.oneof(
  fc.constantFrom("*", "**", "***", "_", "__", "~~", "`", "``", "```", "```ts\n", "~~~\n", "\n", "\n\n"),
  fc.constantFrom(
    "> ",
    "- ",
    "  - ",
    "1. ",
    "[",
    "]",
    "](",
    ")",
    "(",
    " ",
    "@ann",
    "@",
    "h",
    "\\",
    "<b>",
    "\r",
  ),
  fc.constantFrom(
    "https://a.example/b",
    "](https://a.example)",
    "](javascript:x)",
    "](mailto:a@b)",
    "字",
    "é",
  ),
  fc.string({ maxLength: 4 }),
  fc.string({ unit: "binary", maxLength: 3 }),
)
const content = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(""))

test("whatever is written, no character is lost but marks, and none is added or moved", () => {
  fc.assert(
    fc.property(content, (content) => {
      let done = 0
      for (const { text, at } of leaves(blocksOf(content))) {
        expect(at).toBeGreaterThanOrEqual(done)
        expect(isMarks(content.slice(done, at))).toBe(true)
        done = at
        // A code block in a quote leaves out the marks of the quote, line by line.
        for (const [i, line] of text.split("\n").entries()) {
          const from = i === 0 ? at : content.indexOf("\n", done) + 1
          const skipped = content.slice(from).indexOf(line)
          expect(isMarks(content.slice(from, from + skipped))).toBe(true)
          done = from + skipped + line.length
        }
      }
      expect(isMarks(content.slice(done))).toBe(true)
    }),
    { seed: 3, numRuns: 3_000 },
  )
})

test("whatever is written, a link passes the door, nothing is in its like, and depth is bounded", () => {
  const check = (nodes: readonly Inline[], around: readonly string[]): void => {
    for (const node of nodes) {
      expect(around).not.toContain(node.kind)
      if ("children" in node) {
        expect(textOf(node.children)).not.toBe("")
        check(node.children, [...around, node.kind])
      } else expect(node.text).not.toBe("")
    }
  }
  const checkAll = (blocks: readonly Block[], depth: number): void => {
    expect(depth).toBeLessThanOrEqual(6)
    for (const block of blocks) {
      if (block.kind === "lines") check(block.children, [])
      if (block.kind === "quote") checkAll(block.blocks, depth + 1)
      if (block.kind === "list")
        for (const item of block.items) {
          check(item.children, [])
          checkAll(item.lists, depth + 1)
        }
    }
  }
  fc.assert(
    fc.property(content, (content) => {
      const blocks = blocksOf(content)
      checkAll(blocks, 0)
      for (const href of allHrefs(blocks)) {
        expect(href).toMatch(/^(?:https?:\/\/|mailto:)/)
        expect(safeHref(href)).toBe(href)
      }
    }),
    { seed: 4, numRuns: 3_000 },
  )
})

/** What slow text is made of. */
const hostile = [
  "*",
  "**",
  "_a ",
  "*a **b ",
  "`",
  "` `` ",
  "[",
  "[]",
  "[a](",
  "](",
  "[](((",
  "[a](https://a.example) ",
  "https://",
  "https://a.example/(",
  "[https://a](",
  "@a@",
  "@aa",
  "h",
  "> ",
  ">",
  "> - ",
  "- ",
  "1. ",
  "```\n",
  "```a\n~~~\n",
  "````\n```\n",
  " ",
  "\n",
  "- a\n  - b\n",
  "~~a ",
  "***a ",
  "[*a_](",
  "\u202E",
  "字*",
]
const many = (part: string, chars: number) => part.repeat(Math.ceil(chars / part.length)).slice(0, chars)

test("8,000 hostile characters are read in linear time", () => {
  // Steps and not seconds: doubling the length may do little more than double what the engine is asked to do.
  const steps = (text: string): number => {
    let count = 0
    const exec = RegExp.prototype.exec
    const slice = Array.prototype.slice
    RegExp.prototype.exec = function (this: RegExp, ...args) {
      count++
      return exec.apply(this, args)
    }
    Array.prototype.slice = function (this: unknown[], ...args) {
      const cut = slice.apply(this, args)
      count += cut.length
      return cut
    }
    try {
      blocksOf(text)
    } finally {
      RegExp.prototype.exec = exec
      Array.prototype.slice = slice
    }
    return count
  }
  for (const part of hostile) {
    const [half, whole] = [steps(many(part, 4_000)), steps(many(part, 8_000))]
    expect(whole).toBeLessThanOrEqual(half * 2.2 + 50)
  }
})

test("text 25 times as long as any message is read in time; in squared time it would take minutes", () => {
  for (const part of hostile) {
    const text = many(part, 200_000)
    expect(blocksOf(text).length).toBeGreaterThan(0)
  }
}, 60_000)
