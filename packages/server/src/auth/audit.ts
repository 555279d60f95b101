import { createHash } from "node:crypto"
import type { User } from "@klatch/protocol"
import type { Database, Queryable } from "../db/sql.ts"
import { AppError } from "../lib/app-error.ts"
import { BatchLoader } from "../lib/batch-loader.ts"
import type { Clock } from "../lib/clock.ts"
import { type AuditRow, auditHead, auditPage, insertAudit, lockAudit } from "./audit.sql.ts"
import type { Principal } from "./principal.ts"

/** Who did what to whom, and from where. Never with a token, a password or what a message says. */
export interface Act {
  readonly action: AuditAction
  /** Null where nobody was signed in; `actor` is then the name that was tried. */
  readonly by: Principal | null
  readonly actor?: string
  readonly target?: string | undefined
  readonly roomId?: string | undefined
  readonly address: string
  readonly details?: Readonly<Record<string, string | number | boolean | null>> | undefined
}

export type AuditAction =
  | "signed_up"
  | "signed_in"
  | "sign_in_failed"
  | "signed_out"
  | "refresh_token_reused"
  | "password_changed"
  | "user_banned"
  | "user_unbanned"
  | "user_created"
  | "user_exported"
  | "user_deleted"
  | "token_minted"
  | "ticket_bought"
  | "key_created"
  | "key_ended"
  | "admin_claimed"
  | "member_removed"
  | "member_banned"
  | "member_unbanned"
  | "member_muted"
  | "role_changed"
  | "invite_created"
  | "invite_ended"
  | "invite_accepted"
  | "member_added"
  | "ownership_passed"
  | "display_name_changed"
  | "admin_claim_failed"
  | "room_created"
  | "room_deleted"
  | "room_rights_changed"
  | "message_deleted_by_other"
  | "message_edited_by_other"

/** The hash before the first row. */
const genesis: Buffer = Buffer.alloc(32)
const batchMax = 200

/**
 * The audit log: append-only, and each row's hash covers the row and the hash before it, so that a row that was
 * changed, taken out or put in between shows. Its length and newest hash are kept beside it, so that what was cut off
 * its end shows too; where both were changed it shows to whoever wrote down an earlier hash.
 */
export class Audit {
  readonly #db: Database
  readonly #clock: Clock
  readonly #appends: BatchLoader<Act, number>

  constructor(db: Database, clock: Clock) {
    this.#db = db
    this.#clock = clock
    this.#appends = new BatchLoader((acts) => this.#append(acts), batchMax)
  }

  /** Resolves once it is durable, with the row's id. Many at once are one transaction. */
  record(act: Act): Promise<number> {
    return this.#appends.get(act)
  }

  /** What comes of an attempt. One that is refused to whoever made it is recorded as `act`. */
  async ofAttempt<T>(act: Act, attempt: Promise<T>): Promise<T> {
    try {
      return await attempt
    } catch (error) {
      const isRefused =
        error instanceof AppError && (error.code === "unauthorized" || error.code === "forbidden")
      if (isRefused) await this.record(act)
      throw error
    }
  }

  /** People whom somebody else made members of a room: a row each, so that it is found by them too. */
  async recordAdded(by: Principal, roomId: string, added: readonly User[], address: string): Promise<void> {
    const others = added.filter((user) => user.id !== by.user.id)
    await Promise.all(
      others.map(({ username: target }) =>
        this.record({ action: "member_added", by, target, roomId, address }),
      ),
    )
  }

  /** A page, oldest first, after a row. */
  async page(
    afterId: number,
    limit: number,
    by: { actorId?: string | undefined; action?: string | undefined },
  ) {
    const rows = await auditPage(this.#db, afterId, limit + 1, by)
    return {
      acts: rows.slice(0, limit).map(({ at, ...row }) => ({ ...row, at: at.toISOString() })),
      has_more: rows.length > limit,
    }
  }

  async #append(acts: readonly Act[]): Promise<number[]> {
    return this.#db.transaction("read", async (tx) => {
      const before = await lockAudit(tx)
      let id = before?.id ?? 0
      let hash = before?.hash ?? genesis
      const at = new Date(this.#clock.now()).toISOString()
      const rows = acts.map((act) => {
        const row = { id: ++id, at, ...rowOf(act) }
        hash = hashAfter(hash, row)
        return { ...row, hash: hash.toString("hex") }
      })
      await insertAudit(tx, rows)
      return rows.map((row) => row.id)
    })
  }
}

/** `actor` is in whose name it was done; where a back end did it, `by_key` and `key_id` say which. */
const rowOf = ({ by, actor, action, target = "", roomId, address, details = {} }: Act) => ({
  actor_id: by?.user.id ?? null,
  actor: by?.user.username ?? actor ?? "",
  action,
  target,
  room_id: roomId ?? null,
  address,
  details: { ...details, ...(by?.grant?.key && { by_key: by.grant.key.name, key_id: by.grant.key.id }) },
})

type Hashed = Omit<AuditRow, "at" | "hash"> & { readonly at: string }

function hashAfter(before: Buffer, row: Hashed): Buffer {
  const { id, at, actor_id, actor, action, target, room_id, address, details } = row
  const sorted = Object.entries(details).sort(([a], [b]) => (a < b ? -1 : 1))
  const text = JSON.stringify([id, at, actor_id, actor, action, target, room_id, address, sorted])
  return createHash("sha256").update(before).update(text).digest()
}

/** What the whole log comes to: its length and newest hash, or the first row that does not fit. */
export type AuditVerdict =
  | { readonly isWhole: true; readonly count: number; readonly hash: string }
  | { readonly isWhole: false; readonly atId: number; readonly why: string }

const verifyPage = 1_000

/**
 * Reads the whole log and checks every link of its chain, and that it is as long as what is kept beside it says;
 * `knownHash`, written down earlier, must be in it. Others may add to it meanwhile.
 */
export async function verifyAudit(db: Queryable, knownHash?: string): Promise<AuditVerdict> {
  let count = 0
  let hash = genesis
  let isKnown = knownHash === undefined
  const head = await auditHead(db)
  if (!head) return { isWhole: false, atId: 1, why: "what is kept of its length is missing" }
  for (;;) {
    const rows = await auditPage(db, count, verifyPage)
    for (const { at, hash: told, ...row } of rows) {
      if (row.id !== count + 1)
        return { isWhole: false, atId: row.id, why: `rows ${count + 1} to ${row.id - 1} are missing` }
      hash = hashAfter(hash, { ...row, at: at.toISOString() })
      if (hash.toString("hex") !== told)
        return { isWhole: false, atId: row.id, why: "it is not what was written" }
      if (row.id === head.id && !hash.equals(head.hash))
        return { isWhole: false, atId: row.id, why: "it is not the row that was the newest" }
      isKnown ||= told === knownHash
      count++
    }
    if (rows.length === verifyPage) continue
    if (count < head.id)
      return { isWhole: false, atId: count + 1, why: `rows ${count + 1} to ${head.id} were cut off` }
    const now = (await auditHead(db)) ?? head
    if (count > now.id)
      return { isWhole: false, atId: now.id + 1, why: `rows ${now.id + 1} to ${count} were put to its end` }
    if (!isKnown)
      return { isWhole: false, atId: count + 1, why: "the hash that was written down is not in it" }
    return { isWhole: true, count, hash: hash.toString("hex") }
  }
}
