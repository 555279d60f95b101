import { type Html, html, type Part } from "./html.ts"

const tokens = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\b\d[\d.eE+-]*\b|\b(?:true|false|null)\b)/g
const COLUMNS_MAX = 46

/** A value as JSON, coloured; small objects stay on one line. */
export function jsonCode(value: unknown): Html {
  const text = jsonText(value)
  const parts: Part[] = []
  let at = 0
  for (const match of text.matchAll(tokens)) {
    const [all, string, colon, literal] = match
    parts.push(text.slice(at, match.index))
    if (literal !== undefined) parts.push(html`<i class="t-lit">${literal}</i>`)
    else if (colon !== undefined) parts.push(html`<i class="t-key">${string}</i>`, colon)
    else parts.push(html`<i class="t-str">${string}</i>`)
    at = match.index + all.length
  }
  parts.push(text.slice(at))
  return block(parts)
}

/** Code as it is; a line too long for its place scrolls. */
export const block = (code: Part): Html => html`<pre tabindex="0"><code>${code}</code></pre>`

/** Something to type into a shell; a line too long for its place is folded on the page only. */
export const shellBlock = (code: string): Html => html`<pre class="shell"><code>${code}</code></pre>`

/** A value as JSON in plain text. */
export const jsonText = (value: unknown): string => printed(value, "")

/** JSON, broken only where a line would be too long to read on a phone. `keyChars` stand before it on its line. */
function printed(value: unknown, indent: string, keyChars = 0): string {
  const flat = onOneLine(value)
  const columns = indent.length + keyChars + flat.length
  if (typeof value !== "object" || value === null || columns <= COLUMNS_MAX) return flat
  const deeper = `${indent}  `
  const isList = Array.isArray(value)
  const items = Object.entries(value).map(([name, item]) => {
    const key = isList ? "" : `${JSON.stringify(name)}: `
    return deeper + key + printed(item, deeper, key.length)
  })
  return `${isList ? "[" : "{"}\n${items.join(",\n")}\n${indent}${isList ? "]" : "}"}`
}

function onOneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(onOneLine).join(", ")}]`
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  const pairs = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .map(([key, item]) => `${JSON.stringify(key)}: ${onOneLine(item)}`)
  return pairs.length === 0 ? "{}" : `{ ${pairs.join(", ")} }`
}
