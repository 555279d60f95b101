import { expect, test } from "bun:test"

test("[K15] the client is at most 15 KB gzip, with no validator in it and nothing of Node or Bun", async () => {
  const { outputs, success } = await Bun.build({
    entrypoints: [`${import.meta.dir}/index.ts`],
    minify: true,
    target: "browser",
  })
  expect(success).toBe(true)
  const text = (await outputs[0]?.text()) ?? ""
  expect(Bun.gzipSync(text).length).toBeLessThanOrEqual(15 * 1024)
  expect(text).not.toMatch(/\bzod\b|safeParse|node:|\bBun\b|\bprocess\b|\bBuffer\b|\brequire\(/)
})
