/** How many tones `tokens.css` holds. */
export const toneCount = 10

/** The colour of an author: the same name, in any case, has the same one everywhere and for ever. */
export function tone(name: string): number {
  let hash = 0x811c9dc5
  for (const char of name.toLowerCase()) hash = Math.imul(hash ^ (char.codePointAt(0) as number), 0x01000193)
  hash ^= hash >>> 15
  return (hash >>> 0) % toneCount
}

/** One or two letters for a name: of its first and last part, or its first two. Never cuts a character in half. */
export function initials(name: string): string {
  const parts = name.split(/[\s._-]+/u).filter((part) => part !== "")
  const first = parts[0]
  if (first === undefined) return "?"
  const last = parts.length > 1 ? (parts[parts.length - 1] as string) : undefined
  const letters =
    last === undefined ? characters(first).slice(0, 2) : [characters(first)[0], characters(last)[0]]
  return letters.join("").toUpperCase()
}

const segmenter = new Intl.Segmenter()
const characters = (text: string): string[] => [...segmenter.segment(text)].map((part) => part.segment)
