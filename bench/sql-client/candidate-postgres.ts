import { join } from "node:path"
import {
  type AppendResult,
  type Batch,
  type Candidate,
  connectMaxMs,
  insertValues,
  poolMax,
  type ReadRow,
  reconnectDelayMs,
  statements,
} from "./candidate.ts"

interface Sql {
  unsafe(text: string, values?: unknown[], options?: { prepare: boolean }): Promise<Record<string, string>[]>
  begin<T>(work: (sql: Sql) => Promise<T>): Promise<T>
}
type Postgres = (options: Record<string, unknown>) => Sql

const prepared = { prepare: true }

/** postgres.js, from where SQL_CANDIDATE_PATH says: it reconnects by itself, within the delay the other gets. */
export class PostgresCandidate implements Candidate {
  readonly errorEventCount = 0
  readonly #writer: Sql
  readonly #pool: Sql

  private constructor(postgres: Postgres, socketDir: string) {
    const options = {
      path: join(socketDir, ".s.PGSQL.5432"),
      user: "bench",
      database: "postgres",
      connect_timeout: connectMaxMs / 1000,
      max_lifetime: null,
      backoff: () => reconnectDelayMs / 1000,
      connection: { application_name: "candidate" },
      onnotice: () => {},
      // The payloads are JSON text already; by default it would be encoded once more.
      types: { json: { to: 114, from: [114, 3802], serialize: (text: string) => text, parse: JSON.parse } },
    }
    this.#writer = postgres({ ...options, max: 1 })
    this.#pool = postgres({ ...options, max: poolMax })
  }

  static async open(socketDir: string): Promise<PostgresCandidate> {
    const path = process.env.SQL_CANDIDATE_PATH
    if (!path) throw new Error("set SQL_CANDIDATE_PATH to a directory with postgres 3.4.9 (its package root)")
    const loaded = (await import(join(path, "src/index.js"))) as { default: Postgres }
    return new PostgresCandidate(loaded.default, socketDir)
  }

  async append(batch: Batch, nonce: string): Promise<AppendResult> {
    return await this.#writer.begin(async (sql) => {
      const locked = await sql.unsafe(statements.lock, [batch.roomId, batch.ordinals.length, nonce], prepared)
      const inserted = await sql.unsafe(statements.insert, insertValues(batch), prepared)
      return { nonce: String(locked[0]?.nonce), insertedCount: inserted.length }
    })
  }

  async appendOnce(batch: Batch, nonce: string): Promise<AppendResult> {
    const rows = await this.#writer.unsafe(statements.once, [...insertValues(batch), nonce], prepared)
    return { nonce: String(rows[0]?.nonce), insertedCount: Number(rows[0]?.inserted_count) }
  }

  async read(batch: number, nonce: string): Promise<ReadRow[]> {
    return (await this.#pool.unsafe(statements.read, [batch, nonce], prepared)) as unknown as ReadRow[]
  }

  async occupy(ms: number): Promise<void> {
    await this.#pool.unsafe(statements.occupy, [ms], prepared)
  }
}
