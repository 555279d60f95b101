/** A piece of a message: text as it was written, with an address when it is a link. */
export interface Piece {
  readonly text: string
  /** Always http or https, and the same place the text names. */
  readonly href?: string
}

/**
 * What an address may not hold. Besides white space and quotes: control characters, and the invisible and
 * direction-changing ones (zero width, bidi embeddings, overrides and isolates, tags), with which a link can be
 * made to read as another.
 */
const stops = '\\s\\p{Cc}\\p{Cf}<>"“”«»`'
const address = new RegExp(`(?<![\\p{L}\\p{N}_])https?://[^${stops}]+`, "giu")
const trailing = /[.,;:!?'’*_~]$/

/** Cuts a message into text and links. Only http and https become links; what looks deceptive stays text. */
export function pieces(content: string): Piece[] {
  const found: Piece[] = []
  let done = 0
  for (const match of content.matchAll(address)) {
    const text = withoutTail(match[0])
    const href = safeHref(text)
    if (href === null) continue
    if (match.index > done) found.push({ text: content.slice(done, match.index) })
    found.push({ text, href })
    done = match.index + text.length
  }
  if (done < content.length) found.push({ text: content.slice(done) })
  return found
}

/** Without the punctuation of the sentence around it; a closing bracket stays when its opening is in the address. */
function withoutTail(text: string): string {
  let end = text.length
  const opened = { ")": count(text, "("), "]": count(text, "["), "}": count(text, "{") }
  const closed = { ")": count(text, ")"), "]": count(text, "]"), "}": count(text, "}") }
  while (end > 0) {
    const last = text[end - 1] as string
    if (last === ")" || last === "]" || last === "}") {
      if (closed[last] <= opened[last]) break
      closed[last]--
    } else if (!trailing.test(last)) break
    end--
  }
  return text.slice(0, end)
}

const count = (text: string, char: string): number => text.split(char).length - 1

/** Null when it is no address, or hides where it goes behind a user name (`https://bank.example@evil.example`). */
function safeHref(text: string): string | null {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) return null
  if (url.hostname === "" || url.username !== "" || url.password !== "") return null
  return url.href
}
