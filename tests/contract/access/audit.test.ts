import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test"
import { Audit, type AuditVerdict, verifyAudit } from "../../../packages/server/src/auth/audit.ts"
import { migrate } from "../../../packages/server/src/db/migrate.ts"
import { Database } from "../../../packages/server/src/db/sql.ts"
import { ManualClock } from "../../../packages/server/src/lib/clock.ts"
import { embeddedPostgres, type TestPostgres } from "../../harness/postgres.ts"

setDefaultTimeout(60_000)

let postgres: TestPostgres
let db: Database
let other: Database
beforeAll(async () => {
  postgres = await embeddedPostgres()
  db = new Database(postgres.address)
  other = new Database(postgres.address)
  await migrate(db)
})
afterAll(async () => {
  await Promise.all([db?.close(), other?.close()])
  await postgres?.[Symbol.asyncDispose]()
})

const run = (text: string) => db.query({ name: "", text })
const ann = { user: { id: "0190a000-0000-7000-8000-0000000000a1", username: "ann", display_name: "Ann" } }

test("[A9] the audit log is one chain, also when two nodes write at once, and says where it was touched", async () => {
  const clock = new ManualClock(Date.UTC(2030, 0, 1))
  const nodes = [new Audit(db, clock), new Audit(other, clock)]
  const records = Array.from({ length: 400 }, (_, i) =>
    nodes[i % 2]!.record({
      action: i % 3 ? "signed_in" : "member_muted",
      by: i % 5 ? ann : null,
      actor: "tried",
      target: `someone ${i}`,
      address: "203.0.113.7",
      details: { for_s: i, "naïve \u{1F600}": null, b: true, a: "x" },
    }),
  )
  const ids = await Promise.all(records)
  expect(ids.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 400 }, (_, i) => i + 1))
  const whole = await verifyAudit(db)
  const head = Buffer.concat([Buffer.from([0, 0, 0, 0, 0, 0, 400 >> 8, 400 & 255]), hashOf(whole)]).toString(
    "hex",
  )
  expect(whole).toMatchObject({ isWhole: true, count: 400 })
  for (const text of [
    "UPDATE klatch.audit SET target = 'x'",
    "DELETE FROM klatch.audit",
    "TRUNCATE klatch.audit",
  ])
    await expect(run(text).then(() => "done", String)).resolves.toContain("append-only")

  await run("ALTER TABLE klatch.audit DISABLE TRIGGER audit_append_only")
  const spoils = [
    ["target = 'nobody' WHERE id = 57", 57],
    ["details = details || '{\"for_s\": 9}' WHERE id = 200", 200],
    ["at = at + interval '1 ms' WHERE id = 3", 3],
    ["actor_id = NULL WHERE id = 399", 399],
  ] as const
  for (const [set, at] of spoils) {
    await run("CREATE TABLE IF NOT EXISTS klatch.audit_kept AS SELECT * FROM klatch.audit")
    await run(`UPDATE klatch.audit SET ${set}`)
    expect(await verifyAudit(db)).toMatchObject({ isWhole: false, atId: at })
    await restore()
    expect(await verifyAudit(db)).toEqual(whole)
  }
  await run("DELETE FROM klatch.audit WHERE id = 100")
  expect(await verifyAudit(db)).toMatchObject({ isWhole: false, atId: 101 })
  await restore()
  // What was cut off the end, or put there, shows by what is kept beside the log.
  for (const [cut, atId] of [
    ["DELETE FROM klatch.audit WHERE id > 390", 391],
    ["DELETE FROM klatch.audit", 1],
  ] as const) {
    await run(cut)
    expect(await verifyAudit(db)).toMatchObject({ isWhole: false, atId })
    // What is written then does not close the gap.
    await nodes[0]?.record({ action: "signed_in", by: ann, address: "" })
    expect(await verifyAudit(db)).toMatchObject({ isWhole: false, atId: 401 })
    await restore()
    await run(`UPDATE klatch.secrets SET value = '\\x${head}' WHERE name = 'audit_head'`)
    expect(await verifyAudit(db)).toEqual(whole)
  }
  await run("DELETE FROM klatch.secrets WHERE name = 'audit_head'")
  expect(await verifyAudit(db)).toMatchObject({ isWhole: false })
  // With both changed it shows to whoever wrote the newest hash down.
  await run("DELETE FROM klatch.audit WHERE id > 390")
  await run(
    `INSERT INTO klatch.secrets SELECT 'audit_head', int8send(id) || hash, now() FROM klatch.audit WHERE id = 390`,
  )
  expect(await verifyAudit(db)).toMatchObject({ isWhole: true, count: 390 })
  expect(await verifyAudit(db, whole.isWhole ? whole.hash : "")).toMatchObject({ isWhole: false, atId: 391 })
  await run("UPDATE klatch.secrets SET value = int8send(389) || substr(value, 9) WHERE name = 'audit_head'")
  expect(await verifyAudit(db)).toMatchObject({ isWhole: false, atId: 389 })
})

const hashOf = (verdict: AuditVerdict) => Buffer.from(verdict.isWhole ? verdict.hash : "", "hex")

/** The log as it was; what was kept stands in a table of its own, since each statement may have its own connection. */
async function restore(): Promise<void> {
  await run("DELETE FROM klatch.audit")
  await run("INSERT INTO klatch.audit SELECT * FROM klatch.audit_kept")
}
