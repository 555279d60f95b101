import pg from "pg"
import { assert } from "../lib/assert.ts"
import { type Clock, systemClock } from "../lib/clock.ts"

/** Where the database is: a URL, or the embedded server's socket. */
export type DatabaseAddress =
  | { readonly url: string }
  | {
      readonly host: string
      readonly port: number
      readonly user: string
      readonly database: string
      readonly password?: string
    }

/** A statement under a name, so that the server plans it once a connection. */
export interface Statement {
  readonly name: string
  readonly text: string
}

/** Whoever can run a statement: the database itself, or a transaction. */
export interface Queryable {
  /** Rows of `statement`. Rejects with the driver's error; see `isOutage`. */
  query<R extends object>(statement: Statement, values?: readonly unknown[]): Promise<R[]>
}

const INT8_OID = 20

/** int8 as a number: every one of ours stays below 2^53. */
const types = {
  getTypeParser: ((oid: number, format?: "text" | "binary") =>
    oid === INT8_OID
      ? Number
      : pg.types.getTypeParser(oid, format as "text")) as typeof pg.types.getTypeParser,
}

export interface DatabaseOptions {
  /** Connections for reads and for transactions outside of the log. */
  readonly poolMax?: number
  /** A statement that takes longer is given up. */
  readonly statementMs?: number
  readonly connectMs?: number
  readonly clock?: Clock
  /** Called once a statement, for the metrics. */
  readonly onQuery?: (ms: number, lane: Lane) => void
}

/** `write` is the log's own single connection: its queue is the group commit. `read` is everyone else's. */
export type Lane = "read" | "write"

/** The only door to PostgreSQL. */
export class Database implements Queryable, AsyncDisposable {
  readonly #read: pg.Pool
  readonly #write: pg.Pool
  readonly #onQuery: ((ms: number, lane: Lane) => void) | undefined
  readonly #clock: Clock

  constructor(address: DatabaseAddress, options: DatabaseOptions = {}) {
    const { poolMax = 8, statementMs = 30_000, connectMs = 5_000 } = options
    const base: pg.PoolConfig = {
      ...("url" in address ? { connectionString: address.url } : address),
      types,
      application_name: "klatch",
      connectionTimeoutMillis: connectMs,
      statement_timeout: statementMs,
      query_timeout: statementMs + 5_000,
      keepAlive: true,
      allowExitOnIdle: true,
    }
    this.#read = new pg.Pool({ ...base, max: poolMax, idleTimeoutMillis: 60_000 })
    this.#write = new pg.Pool({ ...base, max: 1, idleTimeoutMillis: 0 })
    // An idle connection that breaks is dropped by the pool; the next statement opens another.
    for (const pool of [this.#read, this.#write]) {
      pool.on("error", () => {})
      // A connection that is lent has no listener but this one; the statement in flight tells of the error.
      pool.on("connect", (client) => client.on("error", () => {}))
    }
    this.#onQuery = options.onQuery
    this.#clock = options.clock ?? systemClock
  }

  query<R extends object>(statement: Statement, values: readonly unknown[] = []): Promise<R[]> {
    return this.#timed(
      "read",
      async () => (await this.#read.query<R>({ ...statement, values: values as unknown[] })).rows,
    )
  }

  /** Resolves when the database answers. */
  async ping(): Promise<void> {
    await this.query({ name: "db_ping", text: "SELECT 1" })
  }

  /** One statement on the log's own connection. */
  write<R extends object>(statement: Statement, values: readonly unknown[]): Promise<R[]> {
    return this.#timed(
      "write",
      async () => (await this.#write.query<R>({ ...statement, values: values as unknown[] })).rows,
    )
  }

  /** Runs `work` in a transaction on `lane`; commits when it resolves, rolls back when it rejects. */
  transaction<T>(lane: Lane, work: (tx: Queryable) => Promise<T>): Promise<T> {
    return this.#timed(lane, async () => {
      const client = await (lane === "write" ? this.#write : this.#read).connect()
      let broken: Error | undefined
      try {
        await client.query("BEGIN")
        const result = await work({
          query: async <R extends object>(statement: Statement, values: readonly unknown[] = []) =>
            (await client.query<R>({ ...statement, values: values as unknown[] })).rows,
        })
        // COMMIT of a failed transaction succeeds, by rolling back: nothing may be acked on its word alone.
        const { command } = await client.query("COMMIT")
        if (command !== "COMMIT") throw new Error(`the transaction ended by ${command}`)
        return result
      } catch (error) {
        assert(error instanceof Error, "a driver rejects with an Error")
        if (isOutage(error)) broken = error
        else await client.query("ROLLBACK").catch((failed: Error) => (broken = failed))
        throw error
      } finally {
        client.release(broken)
      }
    })
  }

  /** A connection of one's own, for session locks; give it back by the returned function. */
  async connect(): Promise<{
    query(text: string, values?: unknown[]): Promise<pg.QueryResult>
    release(): void
  }> {
    const client = await this.#read.connect()
    return { query: (text, values) => client.query(text, values), release: () => client.release(true) }
  }

  async #timed<T>(lane: Lane, work: () => Promise<T>): Promise<T> {
    if (!this.#onQuery) return work()
    const startMs = this.#clock.monotonicMs()
    try {
      return await work()
    } finally {
      this.#onQuery(this.#clock.monotonicMs() - startMs, lane)
    }
  }

  /** Ends the connections once their statements are done. */
  async close(): Promise<void> {
    await Promise.all([this.#read.end(), this.#write.end()])
  }

  [Symbol.asyncDispose] = () => this.close()
}

/** SQLSTATE of `error`, or undefined when it did not come from the server. */
export const sqlState = (error: unknown): string | undefined => {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : undefined
}

/**
 * Whether the same work may succeed later, its outcome now being unknown or certainly not done: the connection
 * broke, the server is stopping, starting, full, read-only or out of disk, or it chose us to end a deadlock.
 */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const state = sqlState(error)
  if (state === undefined) return error instanceof pg.DatabaseError || !isOurs(error)
  // 0A000: a plan of before a migration; the connection that held it is not used again.
  return /^(08|53|57P|58|40|25006|XX|0A000|57014)/.test(state)
}

/** Whether `error` is a unique violation (SQLSTATE 23505). */
export const isUniqueViolation = (error: unknown): boolean => sqlState(error) === "23505"

const isOurs = (error: Error) =>
  error.name === "AppError" || error.name === "AssertionError" || error instanceof TypeError
