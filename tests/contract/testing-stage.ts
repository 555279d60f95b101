import { type Client, type ClientOptions, createClient } from "@klatch/client"
import { createTestKlatch, startKlatch } from "@klatch/testing"
import { until } from "../harness/until.ts"

/** A Klatch, in memory or real, and how a test waits for it. */
export interface Stage extends AsyncDisposable {
  readonly options: (user?: string) => ClientOptions
  /** A client of it, connecting; closed with the stage. */
  client(user: string): Client
  /** Waits until `look` is true. Rejects when it never is. */
  until(what: string, look: () => boolean): Promise<void>
  /** Waits for a promise that settles as time goes on. */
  settle<T>(promise: Promise<T>): Promise<T>
}

/** How long a start of the real server may take. */
export const startMs = 60_000

/** The in-memory Klatch on its own clock. */
export async function memoryStage(): Promise<Stage> {
  const { clock, clientOptions } = createTestKlatch()
  return {
    ...withClients(clientOptions, async () => {}),
    async until(what, look) {
      if (!(await clock.runUntil(look))) throw new Error(`never came: ${what}`)
    },
    settle: (promise) => clock.settle(promise),
  }
}

/** The real server in a process of its own. */
export async function realStage(): Promise<Stage> {
  const server = await startKlatch()
  const options = (user?: string) => ({ url: server.url, ...(user === undefined ? {} : { user }) })
  return {
    ...withClients(options, server.stop),
    async until(what, look) {
      await until(what, look)
    },
    settle: (promise) => promise,
  }
}

function withClients(options: (user?: string) => ClientOptions, end: () => Promise<void>) {
  const clients: Client[] = []
  return {
    options,
    client(user: string) {
      const client = createClient(options(user))
      clients.push(client)
      client.connect()
      return client
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.close()
      await end()
    },
  }
}
