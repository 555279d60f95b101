import { expect, test } from "bun:test"

async function bundled(entry: string): Promise<string> {
  const { outputs, success } = await Bun.build({
    entrypoints: [`${import.meta.dir}/${entry}`],
    minify: true,
    target: "browser",
  })
  expect(success).toBe(true)
  return (await outputs[0]?.text()) ?? ""
}

const foreign = /\bzod\b|safeParse|node:|\bBun\b|\bprocess\b|\bBuffer\b|\brequire\(/

test("[K15] the client has no validator in it and nothing of Node or Bun", async () => {
  const text = await bundled("index.ts")
  expect(text).not.toMatch(foreign)
})

test("moderation is an entry of its own of at most 3 KB gzip, and brings nothing of the client along", async () => {
  const text = await bundled("moderation.ts")
  expect(Bun.gzipSync(text).length).toBeLessThanOrEqual(3 * 1024)
  expect(text).not.toMatch(foreign)
  expect(text).not.toMatch(/WebSocket|KlatchError|extends Error/)
})
