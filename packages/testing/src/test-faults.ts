import { type ErrorCode, errorTable } from "@klatch/protocol"
import type { MemoryServer } from "./memory-server.ts"
import { soundFate } from "./network.ts"

/** How bad a link is; each a chance from 0 to 1 for every frame, if not said otherwise. */
export interface LossyLink {
  /** It is lost. */
  readonly drop?: number
  /** It arrives twice. */
  readonly double?: number
  /** The connection breaks under it. */
  readonly cut?: number
  /** It is on its way for up to so long, in ms; those of one connection keep their order, as TCP has it. */
  readonly delayMs?: number
}

/** What can go wrong between the clients and the server. */
export interface TestFaults {
  /** From now on the link is bad, as the seed has it. What is not said is 0, and the delay 300 ms. */
  lossy(link: LossyLink): void
  /** All connections break now; clients come back by themselves. */
  cut(): void
  /** All connections swallow everything from now on without a word, as when a cable is pulled. New ones work. */
  silence(): void
  /** The server is gone, with all connections, until `comeUp`. What it has stored stays. */
  goDown(): void
  comeUp(): void
  /** Connections break, and new ones and requests are refused with this error, until `heal`. */
  refuse(code: ErrorCode): void
  /** Everything works again: the link is sound, the server is up and lets everyone in. */
  heal(): void
}

/** Faults of one server, by chance from `random`. */
export function faultsOf(server: MemoryServer, random: () => number): TestFaults {
  return {
    lossy({ drop = 0, double = 0, cut = 0, delayMs = 300 }) {
      server.faults = {
        copies: () => (random() < drop ? 0 : random() < double ? 2 : 1),
        delayMs: () => 1 + delayMs * random(),
        cuts: () => random() < cut,
      }
    },
    cut: () => server.cut(),
    silence() {
      for (const socket of server.sockets) socket.isDead = true
    },
    goDown() {
      server.isDown = true
      server.cut()
    },
    comeUp() {
      server.isDown = false
    },
    refuse(code) {
      server.refusesWith = { status: errorTable[code].status, code }
      server.cut()
    },
    heal() {
      server.faults = soundFate
      server.isDown = false
      server.refusesWith = null
    },
  }
}
