import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { startServer } from "../../harness/server.ts"
import { until } from "../../harness/until.ts"
import { ask } from "../answer.ts"
import { Caller } from "../caller.ts"
import { type Target, targetAt } from "../target.ts"
import { Chance } from "./chance.ts"
import { malformed, request } from "./http-attack.ts"
import { violation, wellFormed } from "./socket-attack.ts"

setDefaultTimeout(170_000)

const inputsMax = Number(process.env.HOSTILE_INPUTS ?? 10_000)
const seed = Number(process.env.HOSTILE_SEED ?? Math.floor(Math.random() * 2 ** 32))
const warmUpInputs = 2_000
const atOnce = 12
const growthMaxBytes = 30 * 1024 * 1024
/** Attacks in proportion to the inputs each makes: a well-formed connection makes many. */
const attacks = [wellFormed, wellFormed, violation, request, request, request, request, malformed] as const

/** How much has been sent, and what was wrong with the answers. */
interface Run {
  inputs: number
  readonly faults: string[]
}

/** Keeps `atOnce` attacks going until `end` inputs have been sent. */
async function attack(run: Run, chance: Chance, at: Target, end: number): Promise<void> {
  const one = async (own: Chance) => {
    while (run.inputs < end && run.faults.length < 20) {
      const outcome = await own
        .pick(attacks)(own, at)
        .catch((error) => ({ inputs: 1, faults: [String(error)] }))
      run.inputs += outcome.inputs
      run.faults.push(...outcome.faults)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, () => one(chance.fork())))
}

const residentBytes = async (at: Target): Promise<number> => {
  const { text } = await ask("GET /metrics", { at })
  return Number(/^process_resident_memory_bytes (\S+)$/m.exec(text)?.[1])
}

/** Two people who talk in a room of their own, and a probe, until `isOver`. Answers how often all was well. */
async function bystanders(run: Run, at: Target, isOver: () => boolean): Promise<number> {
  await using ann = await Caller.as("ann", "room_id=quiet", { at })
  await using bob = await Caller.as("bob", "room_id=quiet", { at })
  await bob.hears("the ack", (f) => f.type === "ack")
  let said = 0
  for (let seen = 0; !isOver(); seen = run.inputs) {
    const content = `${said}`
    const ack = await ann.acked({ type: "message", room_id: "quiet", content })
    await bob.hears("the message", (f) => f.seq === ack.seq && f.content === content)
    if (said++ % 10 === 0) {
      bob.send({ type: "ping" })
      expect((await ask("GET /healthz", { at })).status).toBe(200)
    }
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        if (!isOver() && run.inputs < seen + 10) return
        clearInterval(timer)
        resolve()
      }, 25)
    })
  }
  const heard = bob.entries(bob.roomId).filter((f) => f.type === "message")
  expect(heard.map((f) => f.content)).toEqual(Array.from({ length: said }, (_, i) => `${i}`))
  return said
}

describe("a server under hostile inputs", () => {
  test(`[C31, O8] ${inputsMax} of them: no crash, no failure told, memory flat, others undisturbed`, async () => {
    await using server = await startServer()
    const at = targetAt(server.url)
    const chance = new Chance(seed)
    const run: Run = { inputs: 0, faults: [] }
    let isOver = false
    const talk = bystanders(run, at, () => isOver)
    const startMs = performance.now()
    try {
      await attack(run, chance, at, Math.min(warmUpInputs, inputsMax))
      const warmBytes = await residentBytes(at)
      await attack(run, chance, at, inputsMax)
      const endBytes = await residentBytes(at)
      isOver = true
      const said = await talk
      const grownMb = (endBytes - warmBytes) / 1024 / 1024
      console.log(
        `hostile inputs: n=${run.inputs} seed=${seed} in ${((performance.now() - startMs) / 1_000).toFixed(1)} s, ` +
          `resident ${(warmBytes / 1024 / 1024).toFixed(0)} MB after ${warmUpInputs}, ` +
          `${grownMb.toFixed(1)} MB more at the end; ${said} messages of others meanwhile`,
      )
      const broke = server.lines.filter((line) => line.includes('"event":"broke"'))
      expect({ seed, faults: run.faults, broke }).toEqual({ seed, faults: [], broke: [] })
      expect(endBytes - warmBytes).toBeLessThan(growthMaxBytes)
      expect(said).toBeGreaterThan(10)
    } finally {
      isOver = true
      await talk.catch(() => {})
    }
    process.kill(server.pid, 0)
    expect(
      server.lines.filter((line) => /"event":"broke"|"level":"(error|fatal)"|panic|Segmentation/.test(line)),
    ).toEqual([])
    await until("only the probe to be connected", async () => {
      const { text } = await ask("GET /metrics", { at })
      return /^websocket_connections_total 0$/m.test(text)
    })
    expect(await server.stop()).toBe(0)
  })
})
