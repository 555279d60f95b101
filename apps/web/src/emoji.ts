import { emojiData } from "./emoji-data.ts"

export interface Emoji {
  readonly text: string
  /** As it is typed between colons. */
  readonly name: string
  /** Its name and what else it is found by, in small letters. */
  readonly words: readonly string[]
}
export type EmojiGroup = keyof typeof emojiData

/** All that are offered, by group, in the order they are shown in. */
export const emojiGroups: readonly { readonly key: EmojiGroup; readonly emoji: readonly Emoji[] }[] = (
  Object.keys(emojiData) as EmojiGroup[]
).map((key) => ({ key, emoji: emojiData[key].split(",").flatMap(emojiOf) }))

const all: readonly Emoji[] = emojiGroups.flatMap((group) => group.emoji)
const byName = new Map(all.map((emoji) => [emoji.name, emoji]))
const byText = new Map(all.map((emoji) => [emoji.text, emoji]))

/** The emoji of a name, without its colons. */
export const emojiNamed = (name: string): Emoji | undefined => byName.get(name.toLowerCase())
export const emojiOfText = (text: string): Emoji | undefined => byText.get(text)

/** What a name is called where one reads it. */
export const labelOf = (emoji: Emoji): string => emoji.name.replaceAll("_", " ")

/** Those that fit all words of `query`, the nearest first; at most `max`. None for an empty query. */
export function findEmoji(query: string, max: number): Emoji[] {
  const asked = query
    .toLowerCase()
    .split(/[\s_:]+/)
    .filter((word) => word !== "")
  if (asked.length === 0) return []
  const found: { emoji: Emoji; rank: number }[] = []
  for (const emoji of all) {
    const rank = Math.max(...asked.map((word) => rankOf(emoji, word)))
    if (emoji.name === query.toLowerCase()) found.push({ emoji, rank: -1 })
    else if (rank < unfit) found.push({ emoji, rank })
  }
  // Of equally near ones the shorter name is the plainer emoji; else the order of the groups stays.
  return found
    .sort((a, b) => a.rank - b.rank || a.emoji.name.length - b.emoji.name.length)
    .slice(0, max)
    .map(({ emoji }) => emoji)
}

const unfit = 5
function rankOf({ name, words }: Emoji, asked: string): number {
  if (name === asked) return 0
  if (name.startsWith(asked)) return 1
  if (words.includes(asked)) return 2
  if (words.some((word) => word.startsWith(asked))) return 3
  return asked.length > 2 && name.includes(asked) ? 4 : unfit
}

/** The name that is being typed: from the colon to the caret. */
export interface Typed {
  readonly from: number
  readonly to: number
  readonly name: string
  /** Whether the colon behind it was typed, too. */
  readonly isWhole: boolean
}

const typed = /(?:^|[^\p{L}\p{N}:/])(:([a-z0-9+_-]{2,40})(:?))$/iu
const typedCharsMax = 44

/** Whether a name of an emoji stands right before the caret; 12:30 and https:// hold none. */
export function typedEmoji(text: string, caret: number): Typed | null {
  const match = typed.exec(text.slice(Math.max(0, caret - typedCharsMax), caret))
  if (match === null) return null
  const [, mark = "", name = "", end] = match
  return { from: caret - mark.length, to: caret, name, isWhole: end === ":" }
}

const largeMax = 6
const largeCharsMax = 120
const picture =
  "(?:(?:\\p{Emoji_Presentation}|\\p{Extended_Pictographic}\\uFE0F)\\p{Emoji_Modifier}?[\\u{E0020}-\\u{E007F}]*" +
  "(?:\\u200D\\p{Extended_Pictographic}\\uFE0F?\\p{Emoji_Modifier}?)*|\\p{RI}\\p{RI}|[0-9#*]\\uFE0F\\u20E3)"
const onlyPictures = new RegExp(`^(?:${picture}\\s*){1,${largeMax}}$`, "u")

/** Whether a message is a few emoji and nothing else. */
export const isEmojiOnly = (content: string): boolean =>
  content.length <= largeCharsMax && onlyPictures.test(content.trim())

function emojiOf(entry: string): Emoji[] {
  const [text, name, ...more] = entry.trim().split(/\s+/)
  if (text === undefined || name === undefined) return []
  return [{ text, name, words: [...name.split("_"), ...more] }]
}
