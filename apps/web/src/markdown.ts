import { inlinesOf } from "./markdown-inline.ts"
import { type Block, type Inline, joined, type Line, type List, type ListItem } from "./markdown-node.ts"

/** How deep quotes are in quotes, and lists in lists. What goes deeper stays in the deepest. */
const depthMax = 3
const fence = /^ {0,3}(`{3,}|~{3,})[ \t]*([\w+#.-]{0,20})\s*$/
const quoted = /^ {0,3}>(?: |\s*$)/
const item = /^( *)(?:[-*•]|(\d{1,9})\.) +(?=\S)/

/**
 * A message as blocks. It understands quotes, lists, fenced code, and what `inlinesOf` does; all else stays text as
 * it was written. Total, and linear in the length of `content`.
 */
export function blocksOf(content: string): Block[] {
  let at = 0
  const lines = content.split("\n").map((text) => {
    const line = { text, at }
    at += text.length + 1
    return line
  })
  return new Blocks(lines, 0).read()
}

class Blocks {
  readonly #lines: readonly Line[]
  readonly #depth: number
  readonly #blocks: Block[] = []
  /** Lines that are nothing else. */
  #plain: Line[] = []
  #next = 0

  constructor(lines: readonly Line[], depth: number) {
    this.#lines = lines
    this.#depth = depth
  }

  read(): Block[] {
    for (let line = this.#lines[this.#next]; line !== undefined; line = this.#lines[this.#next]) {
      const block = this.#fenced(line.text) ?? this.#quote(line.text) ?? this.#listAt(line.text)
      if (block === null) {
        this.#plain.push(line)
        this.#next++
      } else {
        this.#flush(false)
        this.#blocks.push(block)
      }
    }
    this.#flush(true)
    return this.#blocks
  }

  /** The space between blocks is the style's: empty lines next to one go. */
  #flush(isEnd: boolean): void {
    let lines = this.#plain
    this.#plain = []
    const first = lines.findIndex(isWritten)
    const isAlone = this.#blocks.length === 0 && isEnd
    if (first < 0 && !isAlone) return
    if (this.#blocks.length > 0) lines = lines.slice(first)
    if (!isEnd) lines = lines.slice(0, lines.findLastIndex(isWritten) + 1)
    if (lines.length > 0) this.#blocks.push({ kind: "lines", children: childrenOf(lines) })
  }

  /** Without a closing fence it goes to the end. One with nothing in it is none. */
  #fenced(first: string): Block | null {
    const open = fence.exec(first)
    if (open === null) return null
    const [, marks = "", language = ""] = open
    const from = this.#next + 1
    let to = from
    let closing: string | null = null
    for (; to < this.#lines.length && closing === null; to++) {
      const text = (this.#lines[to] as Line).text.trimEnd()
      // The fence may stand behind the last line of the code, too.
      if (text.endsWith(marks)) closing = text.slice(0, text.length - trailingOf(text, marks[0] as string))
    }
    const body = this.#lines.slice(from, to).map((line) => line.text)
    if (closing !== null) body.pop()
    if (closing !== null && closing.trim() !== "") body.push(closing)
    const text = body.join("\n")
    if (text.trim() === "") return null
    this.#next = to
    return { kind: "pre", text, at: (this.#lines[from] as Line).at, language }
  }

  #quote(first: string): Block | null {
    if (!quoted.test(first) || this.#depth >= depthMax) return null
    let to = this.#next
    const inside: Line[] = []
    for (; to < this.#lines.length; to++) {
      const { text, at } = this.#lines[to] as Line
      const mark = quoted.exec(text)?.[0].length
      if (mark === undefined) break
      inside.push({ text: text.slice(mark), at: at + mark })
    }
    if (!inside.some(isWritten)) return null
    this.#next = to
    return { kind: "quote", blocks: new Blocks(inside, this.#depth + 1).read() }
  }

  #listAt(first: string): List | null {
    return item.test(first) ? this.#list(1) : null
  }

  /** The list that begins here. Items further in are lists in the one before them. */
  #list(depth: number): List {
    const items: { -readonly [K in keyof ListItem]: ListItem[K] }[] = []
    let indent = 0
    for (; this.#next < this.#lines.length; ) {
      const { text, at } = this.#lines[this.#next] as Line
      const match = item.exec(text)
      if (match === null) break
      const [mark, spaces = "", number] = match
      const previous = items.at(-1)
      if (previous === undefined) indent = spaces.length
      else if (spaces.length >= indent + 2 && depth < depthMax) {
        previous.lists = [...previous.lists, this.#list(depth + 1)]
        continue
      } else if (spaces.length < indent && depth > 1) break
      else if ((previous.number === null) !== (number === undefined)) break
      const children = inlinesOf({ text: text.slice(mark.length), at: at + mark.length })
      items.push({ number: number === undefined ? null : Number(number), children, lists: [] })
      this.#next++
    }
    return { kind: "list", items }
  }
}

const isWritten = (line: Line): boolean => line.text.trim() !== ""

/** Lines one below the other: the style keeps their breaks. */
function childrenOf(lines: readonly Line[]): Inline[] {
  const nodes: Inline[] = []
  let breakAt = -1
  for (const line of lines) {
    if (breakAt >= 0) nodes.push({ kind: "text", text: "\n", at: breakAt })
    for (const node of inlinesOf(line)) nodes.push(node)
    breakAt = line.at + line.text.length
  }
  return joined(nodes)
}

function trailingOf(text: string, char: string): number {
  let length = 0
  while (text[text.length - 1 - length] === char) length++
  return length
}
