import { Database, type Queryable, type Statement } from "../../../packages/server/src/db/sql.ts"
import { delay, systemClock } from "../../../packages/server/src/lib/clock.ts"
import { SqlLogStore } from "../../../packages/server/src/log/append.sql.ts"
import { startMutant } from "./start.ts"

const COMMIT_AFTER_MS = 200

/** Answers a statement of the log before it is committed, as a server would that does not wait for the disk. */
class EarlyDatabase extends Database {
  #committed: Promise<unknown> = Promise.resolve()

  override async write<R extends object>(statement: Statement, values: readonly unknown[]): Promise<R[]> {
    await this.#committed.catch(() => {})
    return new Promise<R[]>((resolve, reject) => {
      this.#committed = super.transaction("write", async (tx) => {
        resolve(await tx.query<R>(statement, values))
        await delay(systemClock, COMMIT_AFTER_MS)
      })
      this.#committed.catch(reject)
    })
  }

  override async transaction<T>(lane: "read" | "write", work: (tx: Queryable) => Promise<T>): Promise<T> {
    await this.#committed.catch(() => {})
    return super.transaction(lane, work)
  }
}

await startMutant((address) => ({ store: () => new SqlLogStore(new EarlyDatabase(address)) }))
