import { LocalBusHub } from "../../packages/server/src/cluster/bus-local.ts"
import { describeBus } from "./bus-suite.ts"

describeBus("the in-process bus", async () => {
  const hub = new LocalBusHub()
  return { join: async (listener) => hub.join(listener), settle: async () => {} }
})
