import { describe, expect, test } from "bun:test"
import { addressesIn, ownScripts, takeScript } from "./own-script.ts"

const one = "https://one.example:8443/a/widget.js?v=1"
const other = "https://other.example/widget.js"

describe("a stack", () => {
  test("names its addresses, in the words of each browser", () => {
    const chromium = `Error\n    at f (${one}:1:20)\n    at ${one}:1:4000`
    const firefox = `f@${one}:1:20\n@${one}:1:4000\n`
    const webkit = `f@${one}:1:20\nmodule code@${one}:1:4000`
    for (const stack of [chromium, firefox, webkit]) expect(addressesIn(stack)).toEqual([one, one])
  })

  test("may be missing or name none", () => {
    for (const stack of [undefined, "", "Error", "Error\n    at <anonymous>:1:7"])
      expect(addressesIn(stack)).toEqual([])
  })
})

describe("a module's scripts", () => {
  test("are all those of its own address", () => {
    const scripts = [{ src: other }, { src: one }, { src: "https://one.example/app.js" }, { src: one }]
    expect(ownScripts(scripts, [one])).toEqual([{ src: one }, { src: one }])
  })

  test("are those of our name where its own address is unknown or no script's", () => {
    const scripts = [{ src: "https://one.example/app.js" }, { src: "" }, { src: one }, { src: other }]
    for (const addresses of [[], ["https://cdn.example/1.2/widget.js"]])
      expect(ownScripts(scripts, addresses)).toEqual([{ src: one }, { src: other }])
  })

  test("are taken once, whichever copy of the code comes first", () => {
    const scripts = [{ src: one }, { src: other }]
    expect(ownScripts(scripts, []).map(takeScript)).toEqual([true, true])
    expect(ownScripts(scripts, [one])).toEqual([])
    expect(scripts.map(takeScript)).toEqual([false, false])
  })
})
