/** A stretch of a message: plain text, or an address with where it leads. */
export interface Part {
  readonly text: string
  readonly href?: string
}

/**
 * White space, control characters, quotes, and all that is invisible or turns the direction of writing end an
 * address: with these a link could be made to read as another.
 */
const found = /(?<![\p{L}\p{N}_])https?:\/\/[^\s\p{Cc}\p{Cf}<>"“”«»`]+/giu
const pairs: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" }

/** Cuts a message into text and links, without losing a letter. Only http and https lead anywhere. */
export function partsOf(content: string): Part[] {
  const parts: Part[] = []
  let end = 0
  for (const { 0: match, index } of content.matchAll(found)) {
    const text = trimmed(match)
    const href = hrefOf(text)
    if (href === undefined) continue
    if (index > end) parts.push({ text: content.slice(end, index) })
    parts.push({ text, href })
    end = index + text.length
  }
  if (end < content.length || parts.length === 0) parts.push({ text: content.slice(end) })
  return parts
}

/** The sentence's punctuation after an address is not part of it; a bracket is, when it was opened inside. */
function trimmed(text: string): string {
  const counts = new Map<string, number>()
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1)
  const countOf = (char: string) => counts.get(char) ?? 0
  let end = text.length
  for (; end > 0; end--) {
    const last = text[end - 1] as string
    const opening = pairs[last]
    if (opening === undefined ? !/[.,;:!?'’*_~]/.test(last) : countOf(last) <= countOf(opening)) break
    counts.set(last, countOf(last) - 1)
  }
  return text.slice(0, end)
}

/** Undefined for what is no address, or hides its host behind a user name. */
function hrefOf(text: string): string | undefined {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined
  return url.hostname === "" || url.username !== "" || url.password !== "" ? undefined : url.href
}
