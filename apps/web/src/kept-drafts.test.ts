import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { Drafts } from "./kept-drafts.ts"

/** What a browser keeps, as far as it is needed; `refuses` like one that lets no page keep anything. */
class Shelf {
  readonly kept = new Map<string, string>()
  refuses = false
  getItem = (key: string) => this.#checked().get(key) ?? null
  setItem = (key: string, value: string) => void this.#checked().set(key, value)
  removeItem = (key: string) => void this.#checked().delete(key)
  #checked(): Map<string, string> {
    if (this.refuses) throw new DOMException("refused", "SecurityError")
    return this.kept
  }
}

const common = new Shelf()
const open: Drafts[] = []

/** A tab: it may be loaded anew, which ends what was there before, and is the one that is looked at. */
class Tab {
  readonly #own = new Shelf()
  #drafts: Drafts
  constructor(from?: Tab) {
    if (from !== undefined) for (const [key, value] of from.#own.kept) this.#own.kept.set(key, value)
    this.#drafts = this.#load()
  }
  get drafts(): Drafts {
    Object.assign(globalThis, { sessionStorage: this.#own })
    return this.#drafts
  }
  get own(): Shelf {
    return this.#own
  }
  reload(): Drafts {
    this.drafts.close()
    this.#drafts = this.#load()
    return this.#drafts
  }
  #load(): Drafts {
    Object.assign(globalThis, { sessionStorage: this.#own })
    const made = new Drafts("ann")
    open.push(made)
    return made
  }
}

beforeEach(() => {
  common.kept.clear()
  common.refuses = false
  Object.assign(globalThis, { localStorage: common })
})
afterEach(() => {
  for (const drafts of open.splice(0)) drafts.close()
  for (const name of ["localStorage", "sessionStorage"]) Reflect.deleteProperty(globalThis, name)
})

describe("a draft", () => {
  test("is there again after a reload, and in a new tab", () => {
    const tab = new Tab()
    tab.drafts.set("den", "half a thought")
    expect(tab.reload().get("den")).toBe("half a thought")
    expect(new Tab().drafts.get("den")).toBe("half a thought")
  })

  test("that was sent does not come back, here or in a new tab", () => {
    const tab = new Tab()
    tab.drafts.set("den", "half a thought")
    tab.reload().delete("den")
    expect(new Tab().drafts.get("den")).toBeUndefined()
    expect(tab.reload().get("den")).toBeUndefined()
  })

  test("of one account is not another's", () => {
    new Tab().drafts.set("den", "mine")
    for (const drafts of open) drafts.close()
    const other = new Drafts("bob")
    open.push(other)
    expect([...other]).toEqual([])
  })
})

describe("another tab's sending", () => {
  test("takes nothing from this one's draft, over a reload too", () => {
    const [one, two] = [new Tab(), new Tab()]
    one.drafts.set("den", "from tab one")
    one.reload()
    two.drafts.set("den", "sent in tab two")
    two.drafts.delete("den")
    expect(one.drafts.get("den")).toBe("from tab one")
    expect(one.reload().get("den")).toBe("from tab one")
    expect(two.reload().get("den")).toBeUndefined()
    // Closed, it is not lost.
    one.drafts.close()
    expect(new Tab().drafts.get("den")).toBe("from tab one")
  })

  test("leaves what this one has written since in the common place", () => {
    const [one, two] = [new Tab(), new Tab()]
    two.drafts.set("den", "older")
    two.reload()
    one.drafts.set("den", "newer")
    one.reload()
    two.drafts.delete("den")
    expect(new Tab().drafts.get("den")).toBe("newer")
  })

  test("ends a draft that both began with", () => {
    const one = new Tab()
    one.drafts.set("den", "from yesterday")
    one.drafts.close()
    const [two, three] = [new Tab(), new Tab()]
    two.drafts.delete("den")
    expect(new Tab().drafts.get("den")).toBeUndefined()
    expect(three.reload().get("den")).toBeUndefined()
  })
})

test("a tab that is doubled goes on with its drafts, and each ends its own", () => {
  const one = new Tab()
  one.drafts.set("den", "of both")
  one.reload()
  const two = new Tab(one)
  two.drafts.delete("den")
  expect([two.reload().get("den"), one.reload().get("den")]).toEqual([undefined, "of both"])
})

test("where nothing may be kept it lasts as long as the page", () => {
  const tab = new Tab()
  common.refuses = true
  tab.own.refuses = true
  tab.drafts.set("den", "here")
  expect(tab.drafts.get("den")).toBe("here")
  expect(tab.reload().get("den")).toBeUndefined()
})

test("what is no list of drafts is passed over", () => {
  for (const kept of ["", "{", "null", "7", '[["den"],["den",1],7,null,["den","a","b"]]']) {
    const tab = new Tab()
    tab.own.kept.set("klatch.drafts.own.ann", kept)
    expect([kept, [...tab.reload()]]).toEqual([kept, []])
  }
})
