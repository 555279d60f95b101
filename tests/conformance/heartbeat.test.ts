import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { closeTable } from "@klatch/protocol"
import { startServer } from "../harness/server.ts"
import { until } from "../harness/until.ts"
import { Caller } from "./caller.ts"
import { RawSocket } from "./raw-socket.ts"
import { targetAt, testMs } from "./target.ts"

setDefaultTimeout(testMs)
const entry = new URL("../harness/heartbeat.fixture.ts", import.meta.url).pathname

describe("the heartbeat", () => {
  test("[C11] one that is silent for two heartbeats is closed with 4400, one that is heard is not", async () => {
    await using server = await startServer({ entry })
    const at = targetAt(server.url)
    await using heard = await Caller.open("/ws?user=heard", { at })
    expect(heard.heard[0]?.heartbeat_ms).toBe(1_000)
    const silent = await RawSocket.upgrade(at, "/ws?user=silent")
    const startMs = performance.now()
    let pingedMs = 0
    await until("the close of the silent one", () => {
      if (performance.now() - pingedMs > 400) {
        heard.send({ type: "ping" })
        pingedMs = performance.now()
      }
      return silent.closeCode()
    })
    expect(silent.closeCode()).toBe(closeTable.silent.code)
    expect(performance.now() - startMs).toBeGreaterThan(1_900)
    expect(heard.closed).toBeUndefined()
    await until("its socket to be cut off although it never answers", () => silent.isEnded, 15_000)
  })
})
