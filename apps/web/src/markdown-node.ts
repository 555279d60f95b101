/** What is in a line of a message. `at` is where its text stands in what was written. */
export type Inline = TextNode | CodeSpan | Mention | Link | Styled
export interface TextNode {
  readonly kind: "text"
  readonly text: string
  readonly at: number
}
export interface CodeSpan {
  readonly kind: "code"
  readonly text: string
  readonly at: number
}
/** A name with its @. Whether anyone has it is not known. */
export interface Mention {
  readonly kind: "mention"
  readonly text: string
  readonly at: number
}
export interface Link {
  readonly kind: "link"
  /** http, https or mailto. */
  readonly href: string
  /** Where it goes, when its text does not say so. */
  readonly place?: string
  readonly children: readonly Inline[]
}
export interface Styled {
  readonly kind: "strong" | "emphasis" | "strike"
  readonly children: readonly Inline[]
}

/** A part of a message that begins on a line of its own. */
export type Block = Lines | CodeBlock | Quote | List
export interface Lines {
  readonly kind: "lines"
  readonly children: readonly Inline[]
}
export interface CodeBlock {
  readonly kind: "pre"
  readonly text: string
  readonly at: number
  /** As it stands behind the opening fence, or "". */
  readonly language: string
}
export interface Quote {
  readonly kind: "quote"
  readonly blocks: readonly Block[]
}
export interface List {
  readonly kind: "list"
  readonly items: readonly ListItem[]
}
export interface ListItem {
  /** As it was written; null in a list without numbers. */
  readonly number: number | null
  readonly children: readonly Inline[]
  readonly lists: readonly List[]
}

/** A piece of what was written, without a line break in it. */
export interface Line {
  readonly text: string
  readonly at: number
}

/** The nodes with texts that touch each other made one. */
export function joined(nodes: readonly Inline[]): Inline[] {
  const out: Inline[] = []
  let run: TextNode[] = []
  const flush = () => {
    const first = run[0]
    if (first !== undefined)
      out.push(run.length === 1 ? first : { ...first, text: run.map((node) => node.text).join("") })
    run = []
  }
  for (const node of nodes) {
    const last = run.at(-1)
    if (node.kind !== "text" || (last !== undefined && last.at + last.text.length !== node.at)) flush()
    if (node.kind === "text") run.push(node)
    else out.push(node)
  }
  flush()
  return out
}

/** What is read of it, without its marks. */
export function textOf(nodes: readonly Inline[]): string {
  return nodes.map((node) => ("children" in node ? textOf(node.children) : node.text)).join("")
}

/** What is read of a message in one line. */
export function lineOf(blocks: readonly Block[]): string {
  return blocks.map(textOfBlock).join(" ").replace(/\s+/g, " ").trim()
}

function textOfBlock(block: Block): string {
  if (block.kind === "lines") return textOf(block.children)
  if (block.kind === "pre") return block.text
  if (block.kind === "quote") return lineOf(block.blocks)
  return block.items.map((item) => `${textOf(item.children)} ${lineOf(item.lists)}`).join(" ")
}
