import type { RoomInfo } from "../../../packages/server/src/chat/members/members.ts"
import type { Batch } from "../../../packages/server/src/cluster/bus.ts"
import type { Delivery } from "../../../packages/server/src/live/delivery.ts"
import { lossyPath } from "./lossy-path.ts"
import { startMutant } from "./start.ts"

/** A frame that means nothing to anyone, in the place of one that was lost. */
const NOTHING = '{"type":"pong"}'
const PADDING_MAX = 5_000

/** Delivery that takes whatever comes next for the next: every hole is filled with nothing before it is seen. */
function withoutGapCheck(delivery: Delivery<RoomInfo>): Delivery<RoomInfo> {
  const lastSeqs = new Map<string, number>()
  const deliver = (batch: Batch) => {
    const lastSeq = lastSeqs.get(batch.roomId) ?? 0
    const firstSeq = Math.min(batch.firstSeq, Math.max(lastSeq + 1, batch.firstSeq - PADDING_MAX))
    const padding = new Array<string>(batch.firstSeq - firstSeq).fill(NOTHING)
    lastSeqs.set(batch.roomId, Math.max(lastSeq, batch.lastSeq))
    delivery.deliver({ ...batch, firstSeq, frames: [...padding, ...batch.frames] })
  }
  return new Proxy(delivery, {
    get(target, key) {
      if (key === "deliver") return deliver
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === "function" ? value.bind(target) : value
    },
  })
}

await startMutant(() => ({ onCommitted: lossyPath(), delivery: withoutGapCheck }))
