import { expect, test } from "bun:test"
import { isOriginRefused } from "./reach.ts"

/** A server of which a page may read only what matches; what was asked for is noted. */
function serverThatShows(readable: RegExp, asked: string[] = []) {
  return (url: string) => {
    asked.push(url)
    return readable.test(url) ? Promise.resolve() : Promise.reject(new TypeError("Failed to fetch"))
  }
}

const isRefused = (readable: RegExp) => isOriginRefused("https://chat.example", serverThatShows(readable))

test("an origin is refused when the script alone can be read, before and after", async () => {
  expect(await isRefused(/widget\.js/)).toBe(true)
  expect(await isRefused(/./)).toBe(false)
})

test("a server that cannot be reached refuses nobody, nor one that goes while it is asked", async () => {
  expect(await isRefused(/^$/)).toBe(false)
  let count = 0
  const goes = () => (++count === 1 ? Promise.resolve() : Promise.reject(new TypeError("Failed to fetch")))
  expect(await isOriginRefused("https://chat.example", goes)).toBe(false)
})

test("asked one after the other, and nothing more once it is known to be no refusal", async () => {
  /** A server that answers so, in turn. */
  const asked = async (...answers: boolean[]) => {
    const count = answers.length
    const told = await isOriginRefused("https://chat.example", () =>
      answers.shift() ? Promise.resolve() : Promise.reject(new TypeError("Failed to fetch")),
    )
    return [told, count - answers.length]
  }
  expect(await asked(true, false, false, true)).toEqual([true, 4])
  expect(await asked(true, false, false, false)).toEqual([false, 4])
  expect(await asked(true, true, true)).toEqual([false, 2])
  expect(await asked(false, true, true)).toEqual([false, 1])
})

test("a front that answers the probe itself, without a word on origins, refuses nobody", async () => {
  expect(await isRefused(/widget\.js|rooms/)).toBe(false)
  expect(await isRefused(/widget\.js|healthz/)).toBe(false)
})

test("no copy of the script speaks for the server: it is asked for under a new address each time", async () => {
  const asked: string[] = []
  let id = 0
  await isOriginRefused("https://chat.example", serverThatShows(/widget\.js/, asked), () => String(++id))
  expect(asked.filter((url) => url.includes("widget.js"))).toEqual([
    "https://chat.example/widget.js?1",
    "https://chat.example/widget.js?2",
  ])
})
