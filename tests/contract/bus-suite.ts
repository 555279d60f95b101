import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test"
import type { Batch, Bus, BusListener } from "../../packages/server/src/cluster/bus.ts"

/** One implementation under test: a cluster that nodes join. */
export interface BusCluster {
  join(listener: BusListener): Promise<Bus>
  /** Resolves when what was published before has arrived, or is lost. */
  settle(): Promise<void>
  stop?(): Promise<void>
}

/** Keeps what it is told. */
export class Ear implements BusListener {
  batches: Batch[] = []
  passing: string[] = []
  doubts = 0
  nudges = 0
  onBatch(batch: Batch): void {
    this.batches.push(batch)
  }
  onPassing(channel: string, frame: string): void {
    this.passing.push(`${channel}:${frame}`)
  }
  onNudge(): void {
    this.nudges++
  }
  onDoubt(): void {
    this.doubts++
  }
}

export const batchOf = (roomId: string, firstSeq: number, ...frames: string[]): Batch => ({
  roomId,
  firstSeq,
  lastSeq: firstSeq + frames.length - 1,
  frames,
})

/** What bus.ts promises, of every implementation. */
export function describeBus(name: string, start: () => Promise<BusCluster>): void {
  describe(name, () => {
    let cluster: BusCluster
    beforeAll(async () => {
      cluster = await start()
    })
    afterEach(async () => {
      for (const node of joined.splice(0)) await node[Symbol.asyncDispose]()
    })
    afterAll(() => cluster.stop?.())
    const joined: Bus[] = []

    async function three() {
      const ears = [new Ear(), new Ear(), new Ear()] as const
      const nodes = await Promise.all(ears.map((ear) => cluster.join(ear)))
      joined.push(...nodes)
      return { cluster, ears, nodes }
    }

    test("[B1] a subscriber hears every other node's batches as they were, and not its own", async () => {
      const { cluster, ears, nodes } = await three()
      await Promise.all(nodes.map((node) => node.subscribe("r")))
      nodes[0]!.publish([batchOf("r", 1, "é1", "2"), batchOf("r", 3, "3")])
      await cluster.settle()
      expect(ears[1].batches).toEqual([batchOf("r", 1, "é1", "2"), batchOf("r", 3, "3")])
      expect(ears[2].batches).toEqual(ears[1].batches)
      expect(ears[0].batches).toEqual([])
    })

    test("[B2] from one node on one channel, order is kept", async () => {
      const { cluster, ears, nodes } = await three()
      await nodes[1]!.subscribe("r")
      for (let seq = 1; seq <= 500; seq++) nodes[0]!.publish([batchOf("r", seq, String(seq))])
      await cluster.settle()
      expect(ears[1].batches.map((b) => b.firstSeq)).toEqual(Array.from({ length: 500 }, (_, i) => i + 1))
    })

    test("[B3] nothing comes on a channel that is not subscribed to, nor after unsubscribing", async () => {
      const { cluster, ears, nodes } = await three()
      await nodes[1]!.subscribe("a")
      nodes[0]!.publish([batchOf("b", 1, "x")])
      nodes[0]!.publishPassing("b", "x")
      nodes[1]!.unsubscribe("a")
      await cluster.settle()
      nodes[0]!.publish([batchOf("a", 1, "x")])
      await cluster.settle()
      expect(ears[1].batches).toEqual([])
      expect(ears[1].passing).toEqual([])
    })

    test("[B4] what is said once and not stored goes the same way", async () => {
      const { cluster, ears, nodes } = await three()
      await nodes[2]!.subscribe("r")
      nodes[0]!.publishPassing("r", "typing")
      await cluster.settle()
      expect(ears[2].passing).toEqual(["r:typing"])
      expect(ears[0].passing).toEqual([])
    })

    test("[B6] a nudge reaches every other node, whatever it listens to", async () => {
      const { cluster, ears, nodes } = await three()
      await nodes[2]!.subscribe("r")
      nodes[0]!.nudge()
      await cluster.settle()
      expect(ears.map((ear) => ear.nudges)).toEqual([0, 1, 1])
    })

    test("[B5] a node that has left hears nothing, says nothing, and publishing does not throw", async () => {
      const { cluster, ears, nodes } = await three()
      await Promise.all([nodes[0]!.subscribe("r"), nodes[1]!.subscribe("r")])
      expect(nodes[0]!.up).toBe(true)
      await nodes[0]![Symbol.asyncDispose]()
      expect(nodes[0]!.up).toBe(false)
      nodes[0]!.publish([batchOf("r", 1, "x")])
      nodes[1]!.publish([batchOf("r", 1, "y")])
      await cluster.settle()
      expect(ears[0].batches).toEqual([])
      expect(ears[1].batches).toEqual([])
      await expect(nodes[0]!.subscribe("r")).rejects.toThrow()
    })
  })
}
