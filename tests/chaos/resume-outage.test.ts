import { expect, test } from "bun:test"
import { join } from "node:path"
import { limits } from "@klatch/protocol"
import { seededRandom } from "../../packages/server/src/lib/random.ts"
import { Peer } from "../harness/peer.ts"
import { makeRoom } from "./make-room.ts"
import { Victim } from "./victim.ts"

const entry = join(import.meta.dirname, "mutants/failing-attach.ts")

test("a resume that fails for one room leaves no other live behind a gap that was never told", async () => {
  await using victim = await Victim.open({ random: seededRandom(1), entry })
  const busy = await makeRoom(victim.url, "busy")
  const away = await makeRoom(victim.url, "away")
  await using ann = await Peer.connect(victim.wsUrl, "/ws?user=ann&subscribe=none")
  for (const room_id of [busy, away]) await ann.ask({ type: "join", room_id })
  for (let i = 0; i < limits.replayEntriesMax + 50; i += 50) {
    const talk = Array.from({ length: 50 }, () =>
      ann.ask({ type: "message", room_id: busy, content: "hello" }),
    )
    await Promise.all(talk)
  }

  await using bob = await Peer.connect(victim.wsUrl, "/ws?user=bob&subscribe=none")
  const resume = { type: "resume", rooms: { [busy]: 1, [away]: 1 } }
  expect((await bob.ask(resume)).type).toBe("error")
  await ann.ask({ type: "message", room_id: busy, content: "while bob knows of no gap" })
  await bob.ask({ type: "ping" })
  expect(bob.entries(busy)).toEqual([])

  const resumed = await bob.ask(resume)
  expect(resumed.type).toBe("resumed")
  expect(resumed.rooms).toMatchObject({ [busy]: { gap: { from: 2 } } })
  const { seq } = await ann.ask({ type: "message", room_id: busy, content: "now he does" })
  await bob.hears("what comes after the gap", (frame) => frame.type === "message" && frame.seq === seq)
  expect(bob.entries(busy).map((frame) => frame.seq)).toEqual([seq])
}, 60_000)
