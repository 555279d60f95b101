import type { RedisAddress } from "../config/redis-address.ts"
import type { Clock } from "../lib/clock.ts"
import type { Random } from "../lib/random.ts"
import type { Bus, BusListener } from "./bus.ts"
import { LocalBusHub } from "./bus-local.ts"
import { RedisBus } from "./bus-redis.ts"

/** The bus that the environment asks for: over Redis, or that of a node that is alone. */
export function openBus(options: {
  readonly redis:
    | { readonly address: RedisAddress; readonly lines: number; readonly prefix: string }
    | undefined
  readonly node: string
  readonly listener: BusListener
  readonly clock: Clock
  readonly random: Random
  readonly onState: (isUp: boolean, why: string | undefined) => void
  readonly onLag: (ms: number) => void
}): Bus {
  const { redis, ...rest } = options
  return redis ? new RedisBus({ ...redis, ...rest }) : new LocalBusHub().join(options.listener)
}
