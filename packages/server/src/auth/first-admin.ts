import { randomBytes, timingSafeEqual } from "node:crypto"
import type { Queryable } from "../db/sql.ts"
import { AppError } from "../lib/app-error.ts"
import { sharedSecret } from "./accounts.sql.ts"
import { isThereAnAdmin, makeUserAdmin } from "./api-keys.sql.ts"
import type { Principal } from "./principal.ts"
import { hashOf } from "./sign-ins.ts"

const codeBytes = 18

/** The way to the first administrator: a code that is printed at the start while there is none, and is of one use. */
export class FirstAdmin {
  readonly #db: Queryable
  /** Undefined once there is an administrator. */
  #code: string | undefined

  private constructor(db: Queryable, code: string | undefined) {
    this.#db = db
    this.#code = code
  }

  /** The code is the same on every node, since any of them may be asked. `at` is RFC 3339. */
  static async open(db: Queryable, at: string): Promise<FirstAdmin> {
    if (await isThereAnAdmin(db)) return new FirstAdmin(db, undefined)
    const code = await sharedSecret(db, "first_admin", randomBytes(codeBytes), at)
    return new FirstAdmin(db, Buffer.from(code).toString("base64url"))
  }

  get code(): string | undefined {
    return this.#code
  }

  /** Makes the principal an administrator. Rejects with `forbidden` for a wrong code, and once there is one. */
  async claim({ user }: Principal, code: string): Promise<void> {
    const isRight =
      this.#code !== undefined && timingSafeEqual(hashOf(Buffer.from(code)), hashOf(Buffer.from(this.#code)))
    if (!isRight || (await isThereAnAdmin(this.#db)))
      throw new AppError("forbidden", "This code is not valid, or there is an administrator already.")
    this.#code = undefined
    await makeUserAdmin(this.#db, user.id)
  }
}
