import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test"
import { Peer } from "../../harness/peer.ts"
import { acts, expectedOf } from "./matrix.ts"
import { type Actor, actors, type Cell, places, World } from "./world.ts"

setDefaultTimeout(120_000)

const atOnce = 24
let world: World
const peers = new Map<Actor, Peer>()
beforeAll(async () => {
  world = await World.open()
  const wsUrl = world.app.url.replace("http", "ws")
  for (const actor of actors)
    peers.set(actor, await Peer.connect(wsUrl, `/ws?subscribe=none&token=${world.tokens.get(actor)}`))
})
afterAll(async () => {
  for (const peer of peers.values()) await peer.close()
  await world?.[Symbol.asyncDispose]()
})

test("[A8] in every cell of role, act and room, over HTTP and the socket, just those may who should", async () => {
  const asked = acts.flatMap((one) =>
    actors.flatMap((actor) => places.map((place) => ({ one, actor, place }))),
  )
  const cells = await world.furnish(asked)
  const mismatches: string[] = []
  const seen = { yes: 0, forbidden: 0, not_found: 0 }
  let next = 0
  const work = async () => {
    while (next < asked.length) {
      const at = next++
      const { one, actor, place } = asked[at]!
      const cell = cells[at] as Cell
      const expected = expectedOf(one, actor, place)
      const outcome = await outcomeOf(one, cell)
      if (outcome !== expected)
        mismatches.push(`${actor}, ${one.name}, ${place}: ${outcome}, not ${expected}`)
      else seen[expected]++
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  console.log(`n=${asked.length} cells: ${JSON.stringify(seen)}, ${mismatches.length} mismatches`)
  expect(mismatches.slice(0, 40)).toEqual([])
  expect(asked.length).toBeGreaterThanOrEqual(2_000)
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(200)
})

test("[A8] forbidden and missing look alike to whoever may not know, down to the last letter", async () => {
  const wanted = (["private", "group", "direct", "missing"] as const).map((place) => ({
    actor: "nobody" as const,
    place,
  }))
  for (const one of acts.filter(({ by }) => by === "http")) {
    const cells = await world.furnish(wanted)
    const answers = await Promise.all(
      cells.map(async (cell) => {
        const [method, path, body] = one.request!(cell)
        return JSON.stringify(await world.ask("nobody", method, path, body))
      }),
    )
    expect(new Set(answers).size).toBe(1)
  }
})

async function outcomeOf(one: (typeof acts)[number], cell: Cell): Promise<string> {
  if (one.request) {
    const [method, path, body] = one.request(cell)
    const { status } = await world.ask(cell.actor, method, path, body)
    return status < 300
      ? "yes"
      : status === 403
        ? "forbidden"
        : status === 404
          ? "not_found"
          : `HTTP ${status}`
  }
  const answer = await peers.get(cell.actor)!.ask(one.frame!(cell))
  return answer.type === "ack" ? "yes" : String(answer.code)
}
