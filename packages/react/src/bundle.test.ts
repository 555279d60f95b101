import { expect, test } from "bun:test"

test("[K36] the hooks are at most 3 KB gzip, with nothing of React or the client in them", async () => {
  const { outputs, success } = await Bun.build({
    entrypoints: [`${import.meta.dir}/index.ts`],
    minify: true,
    target: "browser",
    external: ["react", "@klatch/*"],
  })
  expect(success).toBe(true)
  const text = (await outputs[0]?.text()) ?? ""
  expect(Bun.gzipSync(text).length).toBeLessThanOrEqual(3 * 1024)
  const imported = new Bun.Transpiler({ loader: "js" }).scanImports(text).map(({ path }) => path)
  expect([...new Set(imported)]).toEqual(["react"])
  expect(text).not.toMatch(/node:|\bBun\b|\bprocess\b|\bBuffer\b|\brequire\(/)
})
