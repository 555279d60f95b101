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

const setAsking = {
  name: "db_set_asking",
  text: `SELECT set_config('klatch.asking', $1, false), set_config('klatch.is_admin', $2, false),
  set_config('klatch.about', $3, false)`,
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
  /** How this node is known to the database and to the other nodes. */
  readonly node?: string
  readonly clock?: Clock
  /** Called once a statement, for the metrics. */
  readonly onQuery?: (ms: number, lane: Lane) => void
}

/**
 * `write` is the log's own single connection: its queue is the group commit. `asked` is what someone asks to see, read
 * by a role that sees only what they may. `read` is everyone else's.
 */
export type Lane = "read" | "write" | "asked"

/** Whom a request is of. */
export interface Asking {
  readonly userId: string
  readonly isAdmin: boolean
}

/** The role that row-level security binds, made by migration 3. */
const readerRole = "klatch_reader"

/** The only door to PostgreSQL. */
export class Database implements Queryable, AsyncDisposable {
  readonly #read: pg.Pool
  readonly #write: pg.Pool
  readonly #asked: pg.Pool
  #isWallUp = false
  readonly #onQuery: ((ms: number, lane: Lane) => void) | undefined
  readonly #clock: Clock

  constructor(address: DatabaseAddress, options: DatabaseOptions = {}) {
    const { poolMax = 8, statementMs = 30_000, connectMs = 5_000, node = "klatch" } = options
    const base: pg.PoolConfig = {
      ...("url" in address ? { connectionString: address.url } : address),
      types,
      application_name: node,
      connectionTimeoutMillis: connectMs,
      statement_timeout: statementMs,
      query_timeout: statementMs + 5_000,
      keepAlive: true,
      allowExitOnIdle: true,
    }
    this.#read = new pg.Pool({ ...base, max: poolMax, idleTimeoutMillis: 60_000 })
    // The log's statements are written so that one plan fits all: planning each flush anew cost as much as running it.
    const onePlan = "-c plan_cache_mode=force_generic_plan"
    this.#write = new pg.Pool({ ...base, max: 1, idleTimeoutMillis: 0, options: onePlan })
    // An idle connection that breaks is dropped by the pool; the next statement opens another.
    this.#asked = new pg.Pool({
      ...base,
      max: poolMax,
      idleTimeoutMillis: 60_000,
      options: `-c role=${readerRole}`,
    })
    for (const pool of [this.#read, this.#write, this.#asked]) {
      pool.on("error", () => {})
      // A connection that is lent has no listener but this one; the statement in flight tells of the error.
      pool.on("connect", (client) => client.on("error", () => {}))
    }
    this.#onQuery = options.onQuery
    this.#clock = options.clock ?? systemClock
  }

  query<R extends object>(statement: Statement, values: readonly unknown[] = []): Promise<R[]> {
    return this.#timed("read", () =>
      driven(async () => (await this.#read.query<R>(withValues(statement, values))).rows),
    )
  }

  /**
   * Finds out whether what people ask to see can be read by a role that row-level security binds; answers so. Where it
   * cannot, since the role we run as could make none, all is read as before and the policy stands alone.
   */
  async raiseWall(): Promise<boolean> {
    const [row] = await this.query<{ can: boolean }>({
      name: "db_wall",
      text: `SELECT EXISTS (SELECT 1 FROM pg_roles r WHERE r.rolname = '${readerRole}'
  AND pg_has_role(current_user, r.oid, 'MEMBER') AND NOT r.rolsuper AND NOT r.rolbypassrls) AS can`,
    })
    this.#isWallUp = row?.can ?? false
    return this.#isWallUp
  }

  /**
   * Statements of someone's request: a WHERE that was forgotten shows nothing that they may not see. Rows of the room
   * `about` are read at the price of one look at who may, those of others at one look a row.
   */
  asking({ userId, isAdmin }: Asking, about = ""): Queryable {
    if (!this.#isWallUp) return this
    return {
      query: <R extends object>(statement: Statement, values: readonly unknown[] = []) =>
        this.#timed("asked", async () => {
          const client = await driven(() => this.#asked.connect())
          let broken: Error | undefined
          try {
            // If the first fails, what the second showed to whoever asked before is thrown away.
            const [, { rows }] = await driven(() =>
              Promise.all([
                client.query(withValues(setAsking, [userId, isAdmin ? "on" : "off", about])),
                client.query<R>(withValues(statement, values)),
              ]),
            )
            return rows
          } catch (error) {
            broken = error as Error
            throw error
          } finally {
            client.release(broken)
          }
        }),
    }
  }

  /** Resolves when the database answers. */
  async ping(): Promise<void> {
    await this.query({ name: "db_ping", text: "SELECT 1" })
  }

  /** Resolves when the database takes writes: a full disk still answers reads. */
  async pingWrite(): Promise<void> {
    await this.write(
      { name: "db_ping_write", text: "UPDATE klatch.migrations SET name = name WHERE number = 1" },
      [],
    )
  }

  /** One statement on the log's own connection. */
  write<R extends object>(statement: Statement, values: readonly unknown[]): Promise<R[]> {
    return this.#timed("write", () =>
      driven(async () => (await this.#write.query<R>(withValues(statement, values))).rows),
    )
  }

  /** Runs `work` in a transaction on `lane`; commits when it resolves, rolls back when it rejects. */
  transaction<T>(lane: Lane, work: (tx: Queryable) => Promise<T>): Promise<T> {
    return this.#timed(lane, async () => {
      const client = await driven(() => (lane === "write" ? this.#write : this.#read).connect())
      const query = async <R extends object>(statement: Statement, values: readonly unknown[] = []) =>
        (await driven(() => client.query<R>(withValues(statement, values)))).rows
      let broken: Error | undefined
      try {
        await driven(() => client.query("BEGIN"))
        const result = await work({ query })
        // COMMIT of a failed transaction succeeds, by rolling back: nothing may be acked on its word alone.
        const { command } = await driven(() => client.query("COMMIT"))
        assert(command === "COMMIT", `the transaction ended by ${command}`)
        return result
      } catch (error) {
        if (error instanceof DatabaseOutage) broken = error
        else
          await client.query("ROLLBACK").catch((failed: Error) => {
            broken = failed
          })
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
    const client = await driven(() => this.#read.connect())
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
    await Promise.all([this.#read.end(), this.#write.end(), this.#asked.end()])
  }

  [Symbol.asyncDispose] = () => this.close()
}

const withValues = (statement: Statement, values: readonly unknown[]) => ({
  ...statement,
  values: values as unknown[],
})

/**
 * The database could not do it now, and the outcome is unknown or certainly nothing: the connection broke, the server
 * is stopping, starting, full, read-only or out of disk, or it ended us to solve a deadlock. The same work may succeed
 * later.
 */
export class DatabaseOutage extends Error {
  override name = "DatabaseOutage"
}

/** Whether the same work may succeed later. */
export const isOutage = (error: unknown): boolean => error instanceof DatabaseOutage

/** Whether `error` is a unique violation (SQLSTATE 23505). */
export const isUniqueViolation = (error: unknown): boolean => sqlState(error) === "23505"

/** SQLSTATE of `error`, or undefined when it did not come from the server. */
const sqlState = (error: unknown): string | undefined => {
  const code = (error as { code?: unknown } | null)?.code
  return error instanceof pg.DatabaseError && typeof code === "string" ? code : undefined
}

// 0A000: a plan of before a migration; the connection that held it is not used again.
const outageStates = /^(08|53|57P|58|40|25006|XX|0A000|57014)/

/** Runs what only the driver can fail at: whatever has no ordinary SQLSTATE then is an outage. */
async function driven<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const state = sqlState(error)
    if (state !== undefined && !outageStates.test(state)) throw error
    const { message, code } = error as { message?: string; code?: unknown }
    throw new DatabaseOutage(`${message}${code ? ` (${code})` : ""}`, { cause: error })
  }
}
