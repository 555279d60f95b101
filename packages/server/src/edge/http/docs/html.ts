/** Text that is HTML already; everything else is escaped where it meets HTML. */
export class Html {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

export type Part = Html | string | number | undefined | false | readonly Part[]

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
}

/** The only way of text into a page, for content and quoted attributes alike. */
export const escaped = (text: string): string => text.replace(/[&<>"']/g, (c) => entities[c] as string)

function textOf(part: Part): string {
  if (part === undefined || part === false) return ""
  if (part instanceof Html) return part.text
  if (Array.isArray(part)) return part.map(textOf).join("")
  return escaped(String(part))
}

/** HTML with its holes filled; a hole that is not HTML itself is escaped. */
export const html = (strings: TemplateStringsArray, ...parts: readonly Part[]): Html =>
  new Html(strings.reduce((page, string, i) => page + textOf(parts[i - 1]) + string))

/** Prose with `code` in backquotes; paragraphs at blank lines. */
export const prose = (text: string): Html =>
  html`${text.split(/\n\s*\n/).map((paragraph) => html`<p>${inline(paragraph)}</p>`)}`

/** One line of such prose. */
export const inline = (text: string): Html =>
  html`${text.split("`").map((piece, i) => (i % 2 === 1 ? html`<code>${piece}</code>` : piece))}`
