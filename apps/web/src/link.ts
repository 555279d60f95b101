/** An address that stands in a message as it is. */
export interface BareLink {
  readonly text: string
  /** Always http or https, and the same place the text names; null when it looks deceptive and stays text. */
  readonly href: string | null
}

/**
 * What an address may not hold. Besides white space and quotes: control characters, and the invisible and
 * direction-changing ones (zero width, bidi embeddings, overrides and isolates, tags), with which a link can be
 * made to read as another.
 */
const stops = '\\s\\p{Cc}\\p{Cf}<>"“”«»`'
/** It ends where the target of a written link begins, too: `[https://a.example](https://b.example)`. */
const address = new RegExp(`https?://(?:(?!\\]\\()[^${stops}])+`, "iuy")
const trailing = /[.,;:!?'’*_~]$/

/** The address that begins at `at`, if one does. What is before it is the caller's to look at. */
export function bareLinkAt(line: string, at: number): BareLink | null {
  address.lastIndex = at
  const match = address.exec(line)
  if (match === null) return null
  const text = withoutTail(match[0])
  return { text, href: safeHref(text) }
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

/**
 * The only door to an `href`: http, https and mailto. Null when it is anything else or no address, or hides where it
 * goes behind a user name (`https://bank.example@evil.example`).
 */
export function safeHref(text: string): string | null {
  if (!/^(?:https?:\/\/|mailto:)/i.test(text)) return null
  const url = URL.parse(text)
  if (url === null) return null
  if (url.protocol === "mailto:") return url.pathname.includes("@") ? url.href : null
  if (url.protocol !== "https:" && url.protocol !== "http:") return null
  if (url.hostname === "" || url.username !== "" || url.password !== "") return null
  return url.href
}

/**
 * Where an address of `safeHref` goes, in few words: its host, or the mail address. Hosts are told in letters that
 * cannot be taken for others: `xn--...` for what is not ASCII.
 */
export function placeOf(href: string): string {
  const url = new URL(href)
  return url.protocol === "mailto:" ? mailPlace(decoded(url.pathname)) : url.host
}

/** Whether an address as it is written names its host with letters that may look like others: a Cyrillic a. */
export function hasForeignHost(text: string): boolean {
  const host = /^https?:\/\/([^/?#\\]*)/i.exec(text)?.[1] ?? /^mailto:[^?]*@([^?]*)/i.exec(text)?.[1] ?? ""
  return !isAscii(host) || /%/.test(host)
}

const isAscii = (text: string): boolean => [...text].every((char) => char <= "\u007f")

function mailPlace(address: string): string {
  const at = address.lastIndexOf("@") + 1
  const host = address.slice(at)
  return isAscii(host)
    ? address
    : address.slice(0, at) + (URL.parse(`http://${host}`)?.host ?? encodeURI(host))
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
