import { expect, test } from "bun:test"
import { rmSync } from "node:fs"
import { join } from "node:path"
import { startKlatch } from "@klatch/testing"
import { until } from "../harness/until.ts"
import { startMs } from "./testing-stage.ts"

const packageDir = join(import.meta.dirname, "../../packages/testing")

const isUp = (url: string): Promise<boolean> =>
  fetch(`${url}/healthz`).then(
    ({ ok }) => ok,
    () => false,
  )

test(
  "a started server listens on a port of its own until it is stopped, also stopped twice",
  async () => {
    const [one, other] = await Promise.all([startKlatch(), startKlatch()])
    expect(one.url).not.toBe(other.url)
    expect([await isUp(one.url), await isUp(other.url)]).toEqual([true, true])
    await Promise.all([one.stop(), one.stop(), other.stop()])
    expect([await isUp(one.url), await isUp(other.url)]).toEqual([false, false])
  },
  startMs,
)

test("a server that cannot start says why", async () => {
  const started = startKlatch({ env: { RETENTION_DAYS: "a while" } })
  const why = await started.then(
    () => "it started",
    (error: Error) => error.message,
  )
  expect(why).toContain("RETENTION_DAYS: must be a whole number of days")
})

test(
  "it is started from Node 20 too, and ends with the program that started it",
  async () => {
    const outdir = join(packageDir, "dist", `test-${process.pid}`)
    try {
      const built = await Bun.build({
        entrypoints: [join(packageDir, "src/index.ts")],
        outdir,
        target: "node",
      })
      const module = JSON.stringify(built.outputs[0]?.path)
      const program = `
        import { createTestKlatch, startKlatch } from ${module}
        const { url } = await startKlatch()
        const { ok } = await fetch(url + "/healthz")
        console.log(JSON.stringify({ url, ok, name: createTestKlatch().server.post("a", "bob", "hi").seq }))
        process.exit(0)
      `
      const node = Bun.spawn(["node", "--input-type=module", "-e", program], {
        stdout: "pipe",
        stderr: "pipe",
      })
      const [out, err] = await Promise.all([
        new Response(node.stdout).text(),
        new Response(node.stderr).text(),
      ])
      expect(err).toBe("")
      const { url, ok, name } = JSON.parse(out) as { url: string; ok: boolean; name: number }
      expect([ok, name]).toEqual([true, 2])
      await until("the end of the server, whose leash is gone", async () => !(await isUp(url)), 20_000)
    } finally {
      rmSync(outdir, { recursive: true, force: true })
    }
  },
  startMs,
)
