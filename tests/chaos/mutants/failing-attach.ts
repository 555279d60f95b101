import type { RoomInfo } from "../../../packages/server/src/chat/members/members.ts"
import type { Delivery } from "../../../packages/server/src/live/delivery.ts"
import { startMutant } from "./start.ts"

/** Delivery that loses the database in the midst of a resume: whoever comes back to the room "away" is failed once. */
function failingOnce(delivery: Delivery<RoomInfo>): Delivery<RoomInfo> {
  let hasFailed = false
  const attach: Delivery<RoomInfo>["attach"] = (room, subscriber, since, onCutover, holdGap) => {
    if (room.label !== "away" || hasFailed || holdGap !== true)
      return delivery.attach(room, subscriber, since, onCutover, holdGap)
    hasFailed = true
    return Promise.reject(new Error("Connection terminated unexpectedly"))
  }
  return new Proxy(delivery, {
    get(target, key) {
      if (key === "attach") return attach
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === "function" ? value.bind(target) : value
    },
  })
}

await startMutant(() => ({ delivery: failingOnce }))
