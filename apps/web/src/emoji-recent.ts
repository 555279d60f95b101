import { type Emoji, emojiOfText } from "./emoji.ts"

const key = "klatch.emoji"
const recentMax = 18

/** The emoji used lately in this browser, the last one first. Where storage is refused there are none. */
export function recentEmoji(): Emoji[] {
  try {
    const texts: unknown = JSON.parse(localStorage.getItem(key) ?? "[]")
    if (!Array.isArray(texts)) return []
    return texts.slice(0, recentMax).flatMap((text) => emojiOfText(String(text)) ?? [])
  } catch {
    return []
  }
}

/** Notes that one was used. Past `recentMax` the one not used for longest is forgotten. */
export function noteEmoji(emoji: Emoji): void {
  const others = recentEmoji().filter((one) => one !== emoji)
  try {
    localStorage.setItem(key, JSON.stringify([emoji, ...others].slice(0, recentMax).map((one) => one.text)))
  } catch {
    // Refused: it is not remembered.
  }
}
