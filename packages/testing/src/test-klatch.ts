import type { ClientOptions } from "@klatch/client"
import { MemoryServer } from "./memory-server.ts"
import { openIdentity } from "./open-identity.ts"
import { Refusal } from "./refusal.ts"
import { seeded } from "./seeded.ts"
import { faultsOf, type TestFaults } from "./test-faults.ts"
import { type TestServer, testServer } from "./test-server.ts"
import { VirtualClock } from "./virtual-clock.ts"

/** What `createTestKlatch` may be told. */
export interface TestKlatchOptions {
  /** One seed, one run: what a lossy link does, how long clients wait, and every id. 1 if it is not said. */
  readonly seed?: number
  /** The name that a token speaks for; null refuses it. Without this tokens are refused, as in open mode. */
  readonly userOf?: (token: string) => string | null
}

/** A Klatch in memory, for the tests of an application. */
export interface TestKlatch {
  /** Time. It stands still until the test runs it on, and nothing arrives before: `await klatch.clock.run(1_000)`. */
  readonly clock: VirtualClock
  /** What others do, and what is stored. */
  readonly server: TestServer
  /** What can go wrong in between. */
  readonly faults: TestFaults
  /** What `createClient` needs to be a client of this Klatch, as this user, or as a guest. */
  clientOptions(user?: string): ClientOptions
}

const url = "http://klatch.test"

/**
 * Makes a Klatch in memory: the SDK talks to it as to a real server, and it answers with the same frames, events and
 * errors. It keeps no limits of rate and closes nobody for silence; addresses that the SDK never asks are answered
 * `not_supported`.
 */
export function createTestKlatch({ seed = 1, userOf }: TestKlatchOptions = {}): TestKlatch {
  const clock = new VirtualClock()
  const server = new MemoryServer(clock, { url, ...(userOf && { identify: identityBy(userOf) }) })
  const random = seeded(seed)
  let ids = 0
  return {
    clock,
    server: testServer(server),
    faults: faultsOf(server, seeded(seed + 1)),
    clientOptions: (user) => ({
      url,
      webSocket: server.webSocket,
      fetch: server.fetch,
      clock,
      random,
      newId: () => `test-${seed}-${++ids}`,
      ...(user === undefined ? {} : { user }),
    }),
  }
}

/** As in open mode, but with tokens. */
const identityBy = (userOf: (token: string) => string | null) => (query: URLSearchParams) => {
  const token = query.get("token")
  if (token === null) return openIdentity(query)
  const name = userOf(token)
  if (name === null) throw new Refusal("unauthorized", "This token is not valid.")
  return openIdentity(new URLSearchParams({ user: name }))
}
