import type { RedisAddress } from "../config/redis-address.ts"
import type { Clock } from "../lib/clock.ts"
import type { Random } from "../lib/random.ts"
import type { Bus, BusListener } from "./bus.ts"
import { HubBus } from "./bus-hub.ts"
import { LocalBusHub } from "./bus-local.ts"
import { RedisBus } from "./bus-redis.ts"

/** The bus that the environment asks for: over Redis, else by this machine's hub, else that of a node that is alone. */
export function openBus(options: {
  readonly redis:
    | { readonly address: RedisAddress; readonly lines: number; readonly prefix: string }
    | undefined
  /** What all nodes of the database know, and nobody else. */
  readonly key: Uint8Array
  readonly hubPath: string | undefined
  readonly node: string
  readonly listener: BusListener
  readonly clock: Clock
  readonly random: Random
  readonly onState: (isUp: boolean, why: string | undefined) => void
  readonly onLag: (ms: number) => void
}): Bus {
  const { redis, hubPath, key, ...rest } = options
  if (redis) return new RedisBus({ ...redis, key, ...rest })
  return hubPath === undefined
    ? new LocalBusHub().join(options.listener)
    : new HubBus({ path: hubPath, ...rest })
}
