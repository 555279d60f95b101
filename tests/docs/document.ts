import { join } from "node:path"

const root = join(import.meta.dirname, "../..")
const stagePage = join(root, "tests/docs/stage-page.ts")

/** A fenced block of a document, or a comment that tells a test what to do. */
export interface Block {
  /** What stands behind the fence; "test" for a comment. */
  readonly info: string
  readonly text: string
  readonly line: number
}

/** The programs that a document is: its blocks in order, each followed by what it must show. */
export interface Story {
  readonly name: string
  /** One a tab: a `reload` begins the next, with the first block again, as a page that is opened again does. */
  readonly acts: readonly string[]
  /** Blocks for Node 20, each a program of its own, with what it prints. */
  readonly programs: readonly { readonly text: string; readonly shows: readonly string[] }[]
}

const code = /^(?:js|jsx|ts|tsx)$/

/**
 * Reads a document. Blocks of `ts` or `js` are one program, blocks of `js node` one each; lines of `curl` are asked in
 * between, and their answers printed. A block of `text` right after is what was printed last by then, "…" in it is
 * whatever stands there; `<!-- test: verb what -->` is done in between, and after `<!-- test: prints line -->` the line
 * was among them. Throws for code that shows nothing.
 */
export function storyOf(name: string, markdown: string, url: string): Story {
  const acts: string[] = []
  const programs: { text: string; shows: string[] }[] = []
  let act = ""
  let first = ""
  let unproved = 0
  const step = (text: string) => {
    act += `${text}\n`
  }
  const { host } = new URL(url)
  for (const { info, text, line } of blocksOf(markdown)) {
    const own = text.replaceAll("localhost:8080", host)
    const where = JSON.stringify(`${name}:${line}`)
    if (code.test(info)) {
      first ||= own
      unproved = line
      step(own)
    } else if (info === "js node") {
      programs.push({ text: own, shows: [] })
    } else if (info === "text" && programs.at(-1)?.shows.length === 0 && unproved === 0) {
      programs.at(-1)?.shows.push(...text.split("\n"))
    } else if (info === "text") {
      unproved = 0
      step(`await docsPrinted.shown(${JSON.stringify(text.split("\n"))}, ${where})`)
    } else if (info === "test" && text === "reload") {
      acts.push(act)
      act = `${first}\n`
    } else if (info === "test") {
      unproved = 0
      const [verb = "", ...what] = text.split(" ")
      if (verb === "prints") step(`await docsPrinted.told(${JSON.stringify(what.join(" "))}, ${where})`)
      else step(`await docsAct(${JSON.stringify(verb)}, ${JSON.stringify(what.join(" "))})`)
    } else if (info === "sh" && own.startsWith("curl ")) {
      unproved = line
      for (const one of own.split("\n"))
        step(`docsPrinted.print(await docsAct("curl", ${JSON.stringify(one)}))`)
    } else if (info !== "sh" && info !== "html")
      throw new Error(`${where}: nobody runs ${JSON.stringify(info)}`)
  }
  if (unproved > 0 || programs.some(({ shows }) => shows.length === 0))
    throw new Error(`${name}:${unproved}: nothing says what the last code shows`)
  if (act !== "") acts.push(act)
  return { name, acts: acts.map(program), programs }
}

const program = (act: string): string => `/** @jsxImportSource react */
import { act as docsAct, end as docsEnd, printed as docsPrinted } from ${JSON.stringify(stagePage)}
const console = { log: (...words: unknown[]) => docsPrinted.print(...words) }
${act}
docsEnd()
`

/** Fenced blocks and test comments, in order. */
export function blocksOf(markdown: string): Block[] {
  const all = markdown.matchAll(/^```([^\n]*)\n([\s\S]*?)\n```$|^<!-- test: (.+) -->$/gm)
  return [...all].map(({ index, 1: info, 2: text, 3: test }) => ({
    info: info ?? "test",
    text: text ?? test ?? "",
    line: markdown.slice(0, index).split("\n").length,
  }))
}
