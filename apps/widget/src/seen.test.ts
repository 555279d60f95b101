import { describe, expect, test } from "bun:test"
import { type Kept, Seen } from "./seen.ts"

function kept(): Kept & { readonly values: Map<string, string> } {
  const values = new Map<string, string>()
  return {
    values,
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
  }
}

describe("how far a room was read", () => {
  test("is unknown at first, kept by name and room, and never moves back", () => {
    const storage = kept()
    using seen = new Seen("ann", "den", storage)
    expect(seen.messageId.value).toBeNull()
    seen.move(0)
    seen.move(7)
    seen.move(3)
    expect(seen.messageId.value).toBe(7)
    using again = new Seen("ann", "den", storage)
    expect(again.messageId.value).toBe(7)
    using other = new Seen("bob", "den", storage)
    expect(other.messageId.value).toBeNull()
  })

  test("is not moved back by a tab that has read less", () => {
    const storage = kept()
    using late = new Seen("ann", "den", storage)
    using early = new Seen("ann", "den", storage)
    late.move(9)
    early.move(4)
    expect([...storage.values.values()]).toEqual(["9"])
  })

  test("holds as long as the page where nothing is kept, or what is kept is broken", () => {
    const broken = { getItem: () => "9e9", setItem: () => expect.unreachable() }
    using unread = new Seen("ann", "den", broken)
    expect(unread.messageId.value).toBeNull()
    const refusing = {
      getItem: () => {
        throw new Error("not allowed")
      },
      setItem: () => {
        throw new Error("full")
      },
    }
    for (const storage of [null, refusing]) {
      using seen = new Seen("ann", "den", storage)
      seen.move(2)
      expect(seen.messageId.value).toBe(2)
    }
  })
})
