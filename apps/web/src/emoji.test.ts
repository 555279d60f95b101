import { expect, test } from "bun:test"
import { emojiGroups, emojiNamed, emojiOfText, findEmoji, isEmojiOnly, labelOf, typedEmoji } from "./emoji.ts"

const all = emojiGroups.flatMap((group) => group.emoji)
const texts = (query: string, max = 8) => findEmoji(query, max).map((emoji) => emoji.text)

test("some hundred emoji, each once, each one character and with a name of its own", () => {
  expect(all.length).toBeGreaterThan(500)
  for (const group of emojiGroups) expect(group.emoji.length).toBeGreaterThan(40)
  expect(new Set(all.map((emoji) => emoji.text)).size).toBe(all.length)
  expect(new Set(all.map((emoji) => emoji.name)).size).toBe(all.length)
  const segmenter = new Intl.Segmenter()
  for (const { text, name, words } of all) {
    expect([...segmenter.segment(text)]).toHaveLength(1)
    expect(text).toMatch(/^\p{RGI_Emoji}$/v)
    expect(name).toMatch(/^[a-z0-9_]+$/)
    for (const word of words) expect(word).toMatch(/^[a-z0-9+_-]+$/)
  }
})

test("they are found by their names and by other words, the nearest first", () => {
  expect(texts("smile")[0]).toBe("😄")
  expect(texts("+1")).toEqual(["👍"])
  expect(texts("party")).toContain("🎉")
  expect(texts("thumbs")).toEqual(["👍", "👎"])
  expect(texts("FIRE")[0]).toBe("🔥")
  expect(texts("heart eyes")[0]).toBe("😍")
  expect(texts("heart_eyes")[0]).toBe("😍")
  expect(texts("heart", 3)).toHaveLength(3)
  expect(texts("heart")[0]).toBe("❤️")
  for (const query of ["", " ", "::", "no such thing", "$^.*("]) expect(texts(query)).toEqual([])
})

test("every one is found by its name, first", () => {
  for (const emoji of all) {
    expect(findEmoji(emoji.name, 1)).toEqual([emoji])
    expect(emojiNamed(emoji.name)).toBe(emoji)
    expect(emojiOfText(emoji.text)).toBe(emoji)
  }
  expect(emojiNamed("SMILE")?.text).toBe("😄")
  expect(emojiNamed("constructor")).toBeUndefined()
  expect(labelOf(emojiNamed("heart_eyes")!)).toBe("heart eyes")
})

test("a name that is typed is told from a time, an address and a list", () => {
  const at = (text: string) => typedEmoji(text, text.length)
  expect(at("hi :smi")).toEqual({ from: 3, to: 7, name: "smi", isWhole: false })
  expect(at("(:smile:")).toEqual({ from: 1, to: 8, name: "smile", isWhole: true })
  expect(at("😀:+1")).toEqual({ from: 2, to: 5, name: "+1", isWhole: false })
  expect(typedEmoji(":smile and more", 4)).toEqual({ from: 0, to: 4, name: "smi", isWhole: false })
  for (const text of [
    ":s",
    "12:30",
    "https://ab",
    "a:smile",
    "::smile",
    ": smile",
    ":smile ",
    "",
    `:${"a".repeat(60)}`,
  ])
    expect(at(text)).toBeNull()
})

test("a few emoji and nothing else are shown large", () => {
  for (const text of ["😀", "❤️ 👍🏽", "👩‍👩‍👧‍👦", "🇪🇺🏴󠁧󠁢󠁥󠁮󠁧󠁿", "1️⃣\n🎉", "🏳️‍🌈", "😀".repeat(6)])
    expect(isEmojiOnly(text)).toBe(true)
  for (const text of ["", " ", "a", "😀 a", "1", "©", "😀".repeat(7), "#", "*", "\u200D", " ".repeat(9_000)])
    expect(isEmojiOnly(text)).toBe(false)
})
