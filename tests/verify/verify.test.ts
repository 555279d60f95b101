import { expect, test } from "bun:test"
import { join } from "node:path"
import { startServer } from "../harness/server.ts"
import { isClean, judged, verify } from "./verify.ts"

const root = join(import.meta.dirname, "../..")
const mutant = (name: string) => join(root, `tests/chaos/mutants/${name}.ts`)
const load = { room: "verify", perSecond: 100, senders: 3, receivers: 4, settleS: 20 }

test("[O29] a server that keeps its promises is found clean, also where connections are cut", async () => {
  await using server = await startServer({ env: { LIMITS: "off" } })
  const report = await verify({ ...load, url: server.url, seconds: 3, cutEveryS: 1.5 })
  expect({ ...report, ackMs: 0, heardMs: 0 }).toMatchObject({
    ...{ sent: 300, acked: 300, lost: 0, duplicate: 0, reordered: 0, repeated: 0, missed: 0, divergent: 0 },
    refused: [],
  })
  expect(report.reconnects).toBeGreaterThan(3)
  expect(report.heardMs.count).toBe(300 * 7)
  expect(isClean(report)).toBe(true)
}, 60_000)

test("[O29] one that lets entries be missed is not", async () => {
  await using server = await startServer({ env: { LIMITS: "off" }, entry: mutant("no-gap-check") })
  const report = await verify({ ...load, url: server.url, seconds: 3, cutEveryS: 0, settleS: 3 })
  expect(report.missed).toBeGreaterThan(0)
  expect(isClean(report)).toBe(false)
}, 60_000)

test("[O29] what is lost, doubled, out of turn or told differently is counted, each as itself", () => {
  const send = (n: number, seq: number | undefined, others = 0) => ({
    ...{ clientId: `c${n}`, content: `text ${n}`, sender: 0, dueMs: 0, seq, others },
  })
  const told = (...all: [seq: number, n: number, content?: string][]) => ({
    ...{ repeated: 0, reordered: 0, missed: 0, reconnects: 0 },
    heard: new Map(
      all.map(([seq, n, content = `text ${n}`]) => [seq, { seq, clientId: `c${n}`, content }] as const),
    ),
  })
  const sound = [send(1, 5), send(2, 6)]
  const none = { lost: 0, duplicate: 0, reordered: 0, divergent: 0 }
  expect(judged(sound, [told([5, 1], [6, 2])])).toMatchObject(none)
  expect(judged(sound, [told([5, 1]), told([5, 1], [6, 2])])).toMatchObject({ ...none, lost: 1 })
  expect(judged(sound, [told([5, 1], [6, 2], [7, 1])])).toMatchObject({ ...none, duplicate: 1 })
  expect(judged([send(1, 5, 1)], [told([5, 1])])).toMatchObject({ ...none, duplicate: 1 })
  expect(judged([send(1, 6), send(2, 5)], [told([5, 2], [6, 1])])).toMatchObject({ ...none, reordered: 1 })
  const other = judged(sound, [told([5, 1], [6, 2]), told([5, 1], [6, 2, "other words"])])
  expect(other).toMatchObject({ ...none, divergent: 1 })
  expect(isClean({ ...other, refused: [], reconnects: 0, ackMs: nothing, heardMs: nothing })).toBe(false)
})

const nothing = { count: 0, p50: 0, p99: 0, max: 0 }

test("[O29] the program tells counts and exits by them; what it cannot verify it says", async () => {
  await using server = await startServer({ env: { LIMITS: "off" } })
  const run = async (...args: string[]) => {
    const child = Bun.spawn([process.execPath, "--no-install", "tests/verify/program.ts", ...args], {
      cwd: root,
      stdout: "pipe",
      stderr: "pipe",
    })
    const [out, err] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ])
    return { code: await child.exited, said: out + err }
  }
  const good = await run("--url", server.url, "--seconds", "1", "--settle", "10")
  expect([good.code, good.said]).toEqual([0, expect.stringMatching(/lost +0\n[\s\S]*every promise was kept/)])
  const asked = await run()
  expect([asked.code, asked.said]).toEqual([2, expect.stringContaining("--url")])
  const away = await run("--url", "http://127.0.0.1:9", "--seconds", "1")
  expect([away.code, away.said]).toEqual([2, expect.stringContaining("cannot be verified")])
}, 60_000)
