import { afterEach, expect, test } from "bun:test"
import { inBrowser } from "./in-browser.ts"

const names = ["indexedDB", "BroadcastChannel", "navigator"] as const
const before = names.map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const)
afterEach(() => {
  for (const [name, found] of before) {
    if (found) Object.defineProperty(globalThis, name, found)
    else Reflect.deleteProperty(globalThis, name)
  }
})

const locks = { request: () => Promise.resolve() }
const has = (name: (typeof names)[number], get: () => unknown) =>
  Object.defineProperty(globalThis, name, { configurable: true, get })
const refuse = () => {
  throw new DOMException("no", "SecurityError")
}
class Channel {
  close() {}
}

test("[K19] a browser that has all gets a store and a shared connection", () => {
  has("indexedDB", () => ({}))
  has("BroadcastChannel", () => Channel)
  has("navigator", () => ({ locks }))
  expect(Object.keys(inBrowser("ann")).toSorted()).toEqual(["store", "webSocket"])
})

test("[K19] what a browser lacks, or refuses when it is asked for, is gone on without", () => {
  for (const nothing of [() => undefined, refuse]) {
    has("indexedDB", nothing)
    has("BroadcastChannel", nothing)
    has("navigator", nothing)
    expect(inBrowser("ann")).toEqual({})
    has("navigator", () => ({ locks }))
    expect(inBrowser("ann")).toEqual({})
    has("indexedDB", () => ({}))
    expect(Object.keys(inBrowser("ann"))).toEqual(["store"])
  }
  has("BroadcastChannel", () => refuse)
  expect(Object.keys(inBrowser("ann"))).toEqual(["store"])
})
