import type { User } from "@klatch/protocol"
import type { Queryable } from "../../db/sql.ts"
import { AppError } from "../../lib/app-error.ts"
import type { Clock } from "../../lib/clock.ts"
import { FIRST_ID } from "../../lib/first-id.ts"
import { OWN_CLIENT_ID_PREFIX } from "../../log/entry.ts"
import { auditOf, messagesIn, noteExported, pagesOf, profileOf, roomsWith } from "./export.sql.ts"

/** Rows a statement: this many of the longest messages are what an export holds in memory at once. */
const rowsMax = 100
const roomsMax = 1_000
/** The newest shape of what is told. */
const format = 1

export interface ExportOptions {
  readonly db: Queryable
  readonly clock: Clock
}

/**
 * All there is of someone, a JSON text a line, each with its `type`, in pieces of a bounded size. The last line is of
 * type `end` and tells how many there were: without it the export was cut short. Secrets and their hashes are not told,
 * nor who else did what to them. Each piece is as it was when it was read. Throws `not_found` before the first.
 */
export async function* exportOf({ db, clock }: ExportOptions, user: User): AsyncGenerator<string, void> {
  let count = 0
  const told = (type: string, rows: readonly object[]): string => {
    count += rows.length
    return rows.map((row) => `${JSON.stringify({ type, ...row })}\n`).join("")
  }
  const profile = await profileOf(db, user.id)
  if (!profile) throw new AppError("not_found", "There is no such user.")
  const at = new Date(clock.now()).toISOString()
  yield told("export", [{ format, user_id: user.id, at }]) + told("profile", [profile])
  for (const [type, readPage] of Object.entries(pagesOf)) {
    let last: Readonly<Record<string, unknown>> | undefined
    do {
      const rows = await readPage(db, user.id, last, rowsMax)
      last = rows.length < rowsMax ? undefined : rows.at(-1)
      if (rows.length > 0) yield told(type, rows)
    } while (last)
  }
  let roomId: string | undefined = FIRST_ID
  while (roomId !== undefined) {
    const page: { ids: string[]; lastId: string | undefined } = await roomsWith(db, user.id, roomId, roomsMax)
    for (const id of page.ids)
      for await (const rows of messagesOf(db, id, user.id)) yield told("message", rows)
    roomId = page.lastId
  }
  let lastAct: number | undefined = 0
  while (lastAct !== undefined) {
    const rows: Awaited<ReturnType<typeof auditOf>> = await auditOf(db, user, lastAct, rowsMax)
    lastAct = rows.length < rowsMax ? undefined : rows.at(-1)?.id
    if (rows.length > 0)
      yield told(
        "audit",
        rows.map((row) => actOf(row, user.id)),
      )
  }
  yield `${JSON.stringify({ type: "end", count })}\n`
  await noteExported(db, user.id, new Date(clock.now()).toISOString())
}

async function* messagesOf(db: Queryable, roomId: string, userId: string) {
  let last: string | undefined = ""
  while (last !== undefined) {
    const rows: Awaited<ReturnType<typeof messagesIn>> = await messagesIn(db, roomId, userId, last, rowsMax)
    last = rows.length < rowsMax ? undefined : rows.at(-1)?.client_id
    yield rows.map(({ client_id, ...row }) => ({
      ...row,
      client_id: client_id.startsWith(OWN_CLIENT_ID_PREFIX) ? null : client_id,
    }))
  }
}

/** Of what somebody else did to them, or a back end in their name, not who it was, nor from where. */
function actOf(row: Awaited<ReturnType<typeof auditOf>>[number], userId: string): object {
  const { actor_id, address, details: all, ...rest } = row
  const { by_key, key_id: _, ...details } = all
  const act = { ...rest, details }
  if (by_key !== undefined) return { ...act, by: actor_id === userId ? "back_end" : "other" }
  return actor_id === null || actor_id === userId
    ? { ...act, address, by: actor_id === null ? null : "self" }
    : { ...act, by: "other" }
}
