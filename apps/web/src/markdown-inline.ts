import { bareLinkAt, hasForeignHost, placeOf, safeHref } from "./link.ts"
import { type Inline, joined, type Line, type Styled, textOf } from "./markdown-node.ts"

/** Where something other than text may begin. */
const special = /`+|\*+|_+|~+|[[\]@hH]/g
/** The letters after an @. */
const name = /@[A-Za-z0-9_.-]{2,}/y
const nameCharsMax = 32
/**
 * Behind the `]` of a link. No white space, nothing invisible, at most one pair of brackets in it; and no `[` or `]`,
 * so that looking for it never goes over the same text twice.
 */
const inTarget = '[^\\s\\p{Cc}\\p{Cf}<>"`[\\]()]*'
const target = new RegExp(`\\((${inTarget}(?:\\(${inTarget}\\)${inTarget})*)\\)`, "uy")

const letter = /[\p{L}\p{M}\p{N}]$/u
/** Scripts that are written without a space between words: there a mark stands right at a letter. */
const unspaced =
  /[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}]$/u

const styles: Readonly<Record<string, readonly Styled["kind"][]>> = {
  "*": ["emphasis"],
  _: ["emphasis"],
  "**": ["strong"],
  __: ["strong"],
  "***": ["emphasis", "strong"],
  ___: ["emphasis", "strong"],
  "~~": ["strike"],
}

/**
 * One line, read once from left to right. `out` holds what is read so far, marks that opened something as text: they
 * are taken out when the mark that closes it comes, and stay text when none does. A mark that opens again lets go
 * of the one before it, so nothing is ever inside its like, and depth is bounded by the kinds of marks.
 */
export function inlinesOf(line: Line): Inline[] {
  return new Reader(line).read()
}

class Reader {
  readonly #text: string
  readonly #at: number
  #out: Inline[] = []
  /** Where in `out` each open mark stands. */
  readonly #marks = new Map<string, number>()
  /** Where in `out` each `[` stands that is not closed. */
  #brackets: number[] = []
  /** Up to here it is read. */
  #done = 0

  constructor(line: Line) {
    this.#text = line.text
    this.#at = line.at
  }

  read(): Inline[] {
    const text = this.#text
    const codeEnds = codeEndsOf(text)
    for (const match of text.matchAll(special)) {
      const at = match.index
      if (at < this.#done) continue
      const run = match[0]
      const first = run[0] as string
      if (first === "`") this.#code(at, run.length, codeEnds.get(at))
      else if (first === "[") this.#bracket(at)
      else if (first === "]") this.#link(at)
      else if (first === "@") this.#mention(at)
      else if (first === "h" || first === "H") this.#bare(at)
      else if (styles[run] !== undefined) this.#mark(at, run)
    }
    this.#textTo(text.length)
    return joined(this.#out)
  }

  #textTo(end: number): void {
    if (end > this.#done) this.#push({ kind: "text", ...this.#piece(this.#done, end) })
    this.#done = end
  }

  #push(node: Inline): number {
    return this.#out.push(node) - 1
  }

  #piece(from: number, to: number): Line {
    return { text: this.#text.slice(from, to), at: this.#at + from }
  }

  #code(at: number, length: number, end: number | undefined): void {
    if (end === undefined) return
    this.#textTo(at)
    const inside = this.#text.slice(at + length, end)
    // A space on each side lets it begin or end with a backtick.
    const isPadded = /^ `|` $/.test(inside) && inside.startsWith(" ") && inside.endsWith(" ")
    const pad = isPadded ? 1 : 0
    this.#push({ kind: "code", ...this.#piece(at + length + pad, end - pad) })
    this.#done = end + length
  }

  #mention(at: number): void {
    if (this.#isWord(before(this.#text, at))) return
    name.lastIndex = at
    const match = name.exec(this.#text)?.[0]
    if (match === undefined || match.length > nameCharsMax + 1) return
    const text = match.replace(/[._-]+$/, "")
    // `@scope/name` is a package, `@a@b` an address.
    if (text.length < 3 || "/@".includes(this.#text[at + match.length] ?? " ")) return
    this.#textTo(at)
    this.#push({ kind: "mention", ...this.#piece(at, at + text.length) })
    this.#done = at + text.length
  }

  #bare(at: number): void {
    const previous = before(this.#text, at)
    // A `_` that is read already is a mark, and no part of a word.
    if (/[\p{L}\p{N}]$/u.test(previous) || (previous === "_" && this.#done < at)) return
    const found = bareLinkAt(this.#text, at)
    if (found === null || found.text === "") return
    this.#textTo(at)
    const end = at + found.text.length
    const node: Inline = { kind: "text", ...this.#piece(at, end) }
    const { href } = found
    const place = href !== null && hasForeignHost(found.text) ? { place: placeOf(href) } : {}
    this.#push(href === null ? node : { kind: "link", href, ...place, children: [node] })
    this.#done = end
  }

  #bracket(at: number): void {
    this.#textTo(at)
    this.#brackets.push(this.#push({ kind: "text", ...this.#piece(at, at + 1) }))
    this.#done = at + 1
  }

  #link(at: number): void {
    const opened = this.#brackets.pop()
    if (opened === undefined) return
    target.lastIndex = at + 1
    const match = target.exec(this.#text)
    const href = match === null ? null : safeHref(match[1] as string)
    if (match === null || href === null) return
    this.#textTo(at)
    const children = joined(unlinked(this.#out.slice(opened + 1)))
    const read = textOf(children)
    if (!/[^\s\p{Cc}\p{Cf}]/u.test(read)) return
    this.#cut(opened)
    // No link holds another.
    this.#brackets = []
    const place = placeOf(href)
    const isWritten = read === match[1] && !hasForeignHost(read)
    const isTold = read === href || isWritten || read === place
    this.#push({ kind: "link", href, ...(!isTold && { place }), children })
    this.#done = at + 1 + match[0].length
  }

  #mark(at: number, run: string): void {
    const [previous, next] = [before(this.#text, at), after(this.#text, at + run.length)]
    const closes = previous !== "" && !/\s/.test(previous) && !this.#isWord(next)
    if (closes && this.#close(at, run)) return
    // Behind a backslash it stays as it is, and so do the arms of ¯\_(ツ)_/¯.
    const opens = next !== "" && !/\s/.test(next) && !this.#isWord(previous) && previous !== "\\"
    if (!opens) return
    this.#textTo(at)
    this.#marks.set(run, this.#push({ kind: "text", ...this.#piece(at, at + run.length) }))
    this.#done = at + run.length
  }

  /** Closes what `run` opened; three marks close one and two that were opened apart as well. */
  #close(at: number, run: string): boolean {
    if (this.#marks.has(run)) {
      this.#textTo(at)
      this.#wrap(run)
    } else {
      const [one, two] = [run.slice(0, 1), run.slice(0, 2)]
      const [oneAt, twoAt] = [this.#marks.get(one), this.#marks.get(two)]
      if (run.length !== 3 || oneAt === undefined || twoAt === undefined) return false
      this.#textTo(at)
      for (const mark of oneAt > twoAt ? [one, two] : [two, one]) this.#wrap(mark)
    }
    this.#done = at + run.length
    return true
  }

  #wrap(mark: string): void {
    const opened = this.#marks.get(mark) as number
    let children = joined(this.#out.slice(opened + 1))
    this.#cut(opened)
    for (const kind of styles[mark] ?? []) children = [{ kind, children }]
    this.#out.push(...children)
  }

  /** Takes out everything from `from` on, and forgets what was open there. */
  #cut(from: number): void {
    this.#out.length = from
    for (const [mark, at] of this.#marks) if (at >= from) this.#marks.delete(mark)
    while ((this.#brackets.at(-1) ?? -1) >= from) this.#brackets.pop()
  }

  #isWord(char: string): boolean {
    return letter.test(char) && !unspaced.test(char)
  }
}

/** For each run of backticks that opens code, where the run of the same length is that closes it. */
function codeEndsOf(text: string): Map<number, number> {
  const ends = new Map<number, number>()
  const next = new Map<number, number>()
  for (const { 0: run, index } of [...text.matchAll(/`+/g)].reverse()) {
    const end = next.get(run.length)
    if (end !== undefined) ends.set(index, end)
    next.set(run.length, index)
  }
  return ends
}

/** The character that ends before `at`, whole; "" at the beginning. */
function before(text: string, at: number): string {
  const low = at > 1 && /[\uDC00-\uDFFF]/.test(text[at - 1] as string)
  return text.slice(Math.max(0, at - (low ? 2 : 1)), at)
}

const after = (text: string, at: number): string => {
  const code = text.codePointAt(at)
  return code === undefined ? "" : String.fromCodePoint(code)
}

/** The nodes with what is a link among them as plain text. */
function unlinked(nodes: readonly Inline[]): Inline[] {
  return nodes.flatMap((node): Inline[] => {
    if (node.kind === "link") return unlinked(node.children)
    return "children" in node ? [{ ...node, children: joined(unlinked(node.children)) }] : [node]
  })
}
