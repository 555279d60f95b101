import type { User } from "@klatch/protocol"
import { ownIssuer } from "../config/environment.ts"
import { type Database, isUniqueViolation } from "../db/sql.ts"
import { addressBlock } from "../lib/address-block.ts"
import { AppError } from "../lib/app-error.ts"
import type { Clock } from "../lib/clock.ts"
import {
  accountByName,
  changePassword,
  changeProfile,
  dropTickets,
  insertIdentityRow,
  insertNamedUser,
  insertPassword,
  type NewUser,
  setBanned,
  takeOverUser,
  voidTokens,
} from "./accounts.sql.ts"
import { systemUser } from "./api-keys.ts"
import { Attempts } from "./attempts.ts"
import { requireDisplayName } from "./display-name.ts"
import { Guesses } from "./guesses.ts"
import type { Passwords } from "./passwords.ts"
import type { Principal } from "./principal.ts"
import type { Revocations } from "./revocations.ts"
import type { SignIns, Tokens } from "./sign-ins.ts"
import { type Users, usernameKey } from "./users.ts"

export interface AccountsOptions {
  readonly db: Database
  readonly clock: Clock
  readonly newId: () => string
  readonly users: Users
  readonly passwords: Passwords
  readonly signIns: SignIns
  readonly revocations: Revocations
  readonly limitsOn: boolean
}

export interface SignUp {
  readonly username: string
  readonly password: string
  readonly displayName?: string | undefined
}

/** Wrong old passwords of someone who is signed in: ten, then one every half a minute. */
const changesPerUser = { burst: 10, perSecond: 1 / 30 }
const signUpsPerAddress = { burst: 20, perSecond: 1 / 30 }

const taken = () => new AppError("conflict", "This name is taken.")
const wrong = () => new AppError("unauthorized", "Wrong name or password.")

/** People who sign up here, with a name that is theirs alone and a password. */
export class Accounts {
  readonly #options: AccountsOptions
  readonly #guesses: Guesses
  readonly #changes: Attempts
  readonly #signUps: Attempts

  constructor(options: AccountsOptions) {
    this.#options = options
    const { clock, limitsOn } = options
    this.#guesses = new Guesses(clock, limitsOn)
    this.#changes = new Attempts(changesPerUser, clock, limitsOn)
    this.#signUps = new Attempts(signUpsPerAddress, clock, limitsOn)
  }

  /**
   * Makes an account. `before` is who asks, if they go by a name that has none yet: they keep what they wrote. So does
   * whoever signs up by a name that was so far only claimed. Rejects with `conflict` when the name is somebody's.
   */
  async signUp(input: SignUp, address: string, before?: Principal): Promise<{ user: User; tokens: Tokens }> {
    this.#signUps.spend(addressBlock(address), "Too many accounts from this address: wait a little.")
    const { db, newId, users, passwords, signIns, revocations } = this.#options
    const displayName = input.displayName ?? input.username
    requireDisplayName(displayName)
    const hash = await passwords.hash(input.password)
    const [at, key] = [this.#at(), usernameKey(input.username)]
    const claimed = await accountByName(db, key)
    const isGuest = before !== undefined && before.grant === undefined && claimed === undefined
    const user: NewUser = {
      id: isGuest ? before.user.id : (claimed?.id ?? newId()),
      username: input.username,
      key,
      displayName,
    }
    const made = db.transaction("read", async (tx) => {
      const isTaken =
        isGuest || claimed ? !(await takeOverUser(tx, user)) : !(await insertNamedUser(tx, user, at))
      if (isTaken) throw taken()
      await insertPassword(tx, user.id, hash, at)
      await dropTickets(tx, user.id)
      return signIns.begin(user.id, tx)
    })
    // Two who want it at once: one of them has it.
    const tokens = await made.catch((error) => {
      throw isUniqueViolation(error) ? taken() : error
    })
    if (isGuest) users.forget(before.user.username)
    users.forget(user.username)
    // Whoever came by the name alone goes, and comes back as its owner or by another.
    if (isGuest || claimed) revocations.tell({ userId: user.id, why: "signed_out" })
    return { user: { id: user.id, username: user.username, display_name: displayName }, tokens }
  }

  /** Makes a user for somebody else: with a password an account, without one a name that only tokens speak for. */
  async create(input: {
    readonly username: string
    readonly display_name?: string | undefined
    readonly password?: string | undefined
  }): Promise<User> {
    const { db, newId, users, passwords } = this.#options
    const { username, display_name = username, password } = input
    requireDisplayName(display_name)
    const hash = password === undefined ? undefined : await passwords.hash(password)
    const [id, at] = [newId(), this.#at()]
    const user: NewUser = { id, username, key: usernameKey(username), displayName: display_name }
    await db.transaction("read", async (tx) => {
      if (!(await insertNamedUser(tx, user, at))) throw taken()
      if (hash === undefined) await insertIdentityRow(tx, ownIssuer, id, id, at)
      else await insertPassword(tx, id, hash, at)
    })
    users.forget(username)
    return { id, username, display_name }
  }

  /** Rejects with `unauthorized`, in the same words and the same time whether the name or the password is wrong. */
  async logIn(username: string, password: string, address: string): Promise<{ user: User; tokens: Tokens }> {
    const key = usernameKey(username)
    this.#guesses.begin(key, address)
    const { db, passwords, signIns } = this.#options
    const row = await accountByName(db, key)
    const isRight = await passwords.isRight(password, row?.password_hash ?? undefined)
    if (!isRight || !row || row.deleted_at) throw wrong()
    if (row.banned_at) throw new AppError("forbidden", "This account is banned.")
    this.#guesses.wasRight(key, address)
    const { id, display_name } = row
    return { user: { id, username: row.username, display_name }, tokens: await signIns.begin(id) }
  }

  /** Sets a new password for who knows the old one, and ends all sign-ins. */
  async changePassword({ user }: Principal, old: string, next: string): Promise<void> {
    const { db, passwords, signIns, revocations } = this.#options
    const key = usernameKey(user.username)
    this.#changes.spend(user.id)
    const row = await accountByName(db, key)
    if (!(await passwords.isRight(old, row?.password_hash ?? undefined))) throw wrong()
    this.#changes.forgive(user.id)
    await changePassword(db, user.id, await passwords.hash(next), this.#at())
    await signIns.end(user.id)
    revocations.tell({ userId: user.id, why: "signed_out" })
  }

  /** Changes how someone is shown. Undefined leaves a thing as it is. */
  async changeProfile({ user }: Principal, displayName?: string, avatarUrl?: string): Promise<User> {
    const { db, users } = this.#options
    if (displayName !== undefined) requireDisplayName(displayName)
    const changed = await changeProfile(db, user.id, displayName, avatarUrl)
    if (!changed) throw new AppError("not_found")
    users.changed(changed)
    return changed
  }

  /** Ends every sign-in of someone, and every outside token that was issued so far. */
  async logOutEverywhere(userId: string): Promise<void> {
    const { db, signIns, revocations } = this.#options
    await voidTokens(db, userId, this.#at())
    await signIns.end(userId)
    revocations.tell({ userId, why: "signed_out" })
  }

  /**
   * Shuts someone out of the whole server, at once and until they are let in again; the tokens of before stay dead
   * then. Rejects with `forbidden` for the system.
   */
  async ban(userId: string): Promise<void> {
    if (userId === systemUser.id) throw new AppError("forbidden", "The system is nobody to be banned.")
    const { db, signIns, revocations } = this.#options
    if (!(await setBanned(db, userId, this.#at()))) throw new AppError("not_found", "There is no such user.")
    revocations.tell({ userId, why: "banned" })
    await signIns.end(userId)
  }

  async unban(userId: string): Promise<void> {
    if (!(await setBanned(this.#options.db, userId, null)))
      throw new AppError("not_found", "There is no such user.")
  }

  #at(): string {
    return new Date(this.#options.clock.now()).toISOString()
  }
}
