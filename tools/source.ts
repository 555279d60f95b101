import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

/** A string or template literal: its text (a template's holes emptied) and where it opens. */
export interface Literal {
  readonly at: number
  readonly text: string
}

/** One file as the checkers see it. In `code` comments and the insides of strings are blank, at unchanged offsets. */
export interface Source {
  readonly path: string
  readonly text: string
  readonly code: string
  readonly literals: readonly Literal[]
  readonly comments: readonly Literal[]
}

/** The checkout that holds this file. */
export const root = join(import.meta.dir, "..")

/** What git tracks or would track under `directory`; without git (an unpacked archive), all but what is generated. */
export function listFiles(directory = root): string[] {
  const git = Bun.spawnSync(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: directory,
    stderr: "ignore",
  })
  const paths = git.success ? git.stdout.toString().split("\0").filter(Boolean) : walk(directory, "")
  return paths.filter((path) => existsSync(join(directory, path))).sort()
}

function walk(directory: string, prefix: string): string[] {
  const skipped = new Set([".git", ".klatch", "node_modules", "dist", "data", ".cache", ".artifacts"])
  return readdirSync(join(directory, prefix), { withFileTypes: true }).flatMap((entry) => {
    if (skipped.has(entry.name)) return []
    const path = prefix ? `${prefix}/${entry.name}` : entry.name
    return entry.isDirectory() ? walk(directory, path) : [path]
  })
}

/** Reads the TypeScript and launcher sources among `paths`. */
export function readSources(paths = listFiles()): Source[] {
  return paths.filter((path) => /\.(ts|tsx|mjs)$/.test(path)).map((path) => source(path, readText(path)))
}

/** The text of a file of the checkout. */
export const readText = (path: string): string => readFileSync(join(root, path), "utf8")

/** The line, from 1, on which offset `at` of `text` lies. */
export const lineAt = (text: string, at: number): number => text.slice(0, at).split("\n").length

/** Whether `path` is a test or serves only tests: what ships never does. */
export const isTest = (path: string): boolean =>
  /^(tests|tools)\/|\.(test|fixture)\.tsx?$|\/src\/testing\//.test(path)

/** Makes a Source of a path and its text. */
export function source(path: string, text: string): Source {
  return { path, text, ...new Scan(text).result() }
}

const hole = ["$", "{}"].join("")
const beforeRegex = new Set([..."(,=:[!&|?{;+-*%~^", ""])
const wordsBeforeRegex = /\b(?:return|typeof|case|in|of|do|else|void|delete|throw|new|await|yield)$/

/**
 * A lexer that knows only where comments, strings, templates and regular expressions begin and end. It guesses a regex
 * by what stands before the slash; imports.test.ts holds its view of imports against the transpiler's.
 */
class Scan {
  readonly #text: string
  readonly #code: string[]
  readonly #literals: Literal[] = []
  readonly #comments: Literal[] = []

  constructor(text: string) {
    this.#text = text
    this.#code = text.split("")
  }

  result(): Pick<Source, "code" | "literals" | "comments"> {
    this.#scan(0, false)
    return { code: this.#code.join(""), literals: this.#literals, comments: this.#comments }
  }

  /** Scans code from `at` to the end, or to the brace that closes a template's hole; answers where it stopped. */
  #scan(at: number, inHole: boolean): number {
    const text = this.#text
    let depth = 0
    while (at < text.length) {
      const char = text[at] as string
      const next = text[at + 1]
      if (char === "/" && next === "/") at = this.#comment(at, this.#find("\n", at))
      else if (char === "/" && next === "*") at = this.#comment(at, this.#find("*/", at + 2) + 2)
      else if (char === '"' || char === "'") at = this.#string(at, char)
      else if (char === "`") at = this.#template(at)
      else if (char === "/" && this.#startsRegex(at)) at = this.#regex(at)
      else {
        if (char === "{") depth++
        if (char === "}" && inHole && depth-- === 0) return at
        at++
      }
    }
    return at
  }

  #find(what: string, from: number): number {
    const at = this.#text.indexOf(what, from)
    return at < 0 ? this.#text.length : at
  }

  #blank(from: number, to: number): void {
    for (let i = from; i < Math.min(to, this.#code.length); i++)
      if (this.#code[i] !== "\n") this.#code[i] = " "
  }

  #comment(from: number, to: number): number {
    this.#comments.push({ at: from, text: this.#text.slice(from, to) })
    this.#blank(from, to)
    return to
  }

  /** A quote without its partner on the line is an apostrophe in the text of a page. */
  #string(from: number, quote: string): number {
    let at = from + 1
    while (at < this.#text.length && this.#text[at] !== quote && this.#text[at] !== "\n") {
      at += this.#text[at] === "\\" ? 2 : 1
    }
    if (this.#text[at] !== quote) return from + 1
    this.#literals.push({ at: from, text: this.#text.slice(from + 1, at) })
    this.#blank(from + 1, at)
    return at + 1
  }

  #template(from: number): number {
    let at = from + 1
    let words = ""
    while (at < this.#text.length && this.#text[at] !== "`") {
      if (this.#text.startsWith("${", at)) {
        at = this.#scan(at + 2, true) + 1
        words += hole
      } else {
        const to = at + (this.#text[at] === "\\" ? 2 : 1)
        words += this.#text.slice(at, to)
        this.#blank(at, to)
        at = to
      }
    }
    this.#literals.push({ at: from, text: words })
    return at + 1
  }

  #startsRegex(at: number): boolean {
    const before = this.#code
      .slice(Math.max(0, at - 40), at)
      .join("")
      .trimEnd()
    return beforeRegex.has(before.at(-1) ?? "") || before.endsWith("=>") || wordsBeforeRegex.test(before)
  }

  #regex(from: number): number {
    let at = from + 1
    let inClass = false
    for (; at < this.#text.length && this.#text[at] !== "\n"; at++) {
      const char = this.#text[at]
      if (char === "\\") at++
      else if (char === "[") inClass = true
      else if (char === "]") inClass = false
      else if (char === "/" && !inClass) break
    }
    if (this.#text[at] !== "/") return from + 1
    this.#blank(from + 1, at)
    return at + 1
  }
}
