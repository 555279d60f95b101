import { Client, Pool, type QueryResult } from "pg"
import {
  type AppendResult,
  type Batch,
  type Candidate,
  connectMaxMs,
  insertValues,
  poolMax,
  type ReadRow,
  statements,
} from "./candidate.ts"

/** node-postgres: one Client for the writer, replaced after any rejection, and its Pool for reads. */
export class PgCandidate implements Candidate {
  errorEventCount = 0
  readonly #config: {
    host: string
    user: string
    database: string
    pipeline: boolean
    application_name: string
  }
  readonly #pool: Pool
  #writer: Client | undefined

  constructor(socketDir: string, { pipeline }: { pipeline: boolean }) {
    this.#config = {
      host: socketDir,
      user: "bench",
      database: "postgres",
      pipeline,
      application_name: "candidate",
    }
    // The pool takes its listener off a client it lends, so each client needs one that stays.
    this.#pool = new Pool({
      ...this.#config,
      max: poolMax,
      connectionTimeoutMillis: connectMaxMs,
      idleTimeoutMillis: 0,
    })
    this.#pool.on("connect", (client) => void client.on("error", this.#onError))
    this.#pool.on("error", this.#onError)
  }

  async append(batch: Batch, nonce: string): Promise<AppendResult> {
    return await this.#write(async (writer) => {
      const begin = () => writer.query("BEGIN")
      const lock = () =>
        writer.query({
          name: "lock",
          text: statements.lock,
          values: [batch.roomId, batch.ordinals.length, nonce],
        })
      const insert = () =>
        writer.query({ name: "insert", text: statements.insert, values: insertValues(batch) })
      const commit = () => writer.query("COMMIT")
      const [, locked, inserted, committed] = this.#config.pipeline
        ? await Promise.all([begin(), lock(), insert(), commit()])
        : [await begin(), await lock(), await insert(), await commit()]
      // COMMIT of a failed transaction succeeds, as ROLLBACK.
      if (committed.command !== "COMMIT") throw new Error(`not committed: ${committed.command}`)
      return { nonce: String(locked.rows[0]?.nonce), insertedCount: inserted.rows.length }
    })
  }

  async appendOnce(batch: Batch, nonce: string): Promise<AppendResult> {
    const values = [...insertValues(batch), nonce]
    const result: QueryResult<{ nonce: string; inserted_count: string }> = await this.#write((writer) =>
      writer.query({ name: "once", text: statements.once, values }),
    )
    return { nonce: result.rows[0]!.nonce, insertedCount: Number(result.rows[0]!.inserted_count) }
  }

  async read(batch: number, nonce: string): Promise<ReadRow[]> {
    return (await this.#pool.query<ReadRow>({ name: "read", text: statements.read, values: [batch, nonce] }))
      .rows
  }

  async occupy(ms: number): Promise<void> {
    await this.#pool.query(statements.occupy, [ms])
  }

  async #write<T>(work: (writer: Client) => Promise<T>): Promise<T> {
    const writer = this.#writer ?? new Client({ ...this.#config, connectionTimeoutMillis: connectMaxMs })
    try {
      if (!this.#writer) {
        writer.on("error", this.#onError)
        await writer.connect()
        this.#writer = writer
      }
      return await work(writer)
    } catch (error) {
      this.#writer = undefined
      void writer.end().catch(this.#onError)
      throw error
    }
  }

  #onError = () => {
    this.errorEventCount++
  }
}
