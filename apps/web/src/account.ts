import { KlatchError } from "@klatch/client"
import { refresh, type SignedIn, signOut, type Tokens } from "./account-door.ts"
import { browserTurns, type Turns } from "./account-turns.ts"
import { keepSignIn, keptSignIn, type SignIn } from "./kept.ts"

/** An access token is not used for the last of its life: it may end on the way. */
const spareMs = 60_000
/** One request for the next tokens at a time, over all tabs: two with the same token end the sign-in. */
const lockName = "klatch.sign-in"

/** Why a sign-in ended: the server would not go on with it, or its owner signed out. */
export type End = "over" | "signed_out"

/** What an account needs of the world around it. */
export interface AccountWorld {
  readonly nowMs: () => number
  readonly refresh: (refreshToken: string) => Promise<Tokens>
  readonly signOut: (by: { readonly access: string } | { readonly refresh: string }) => Promise<unknown>
  /** Runs `held` while no other tab does. */
  readonly alone: <T>(held: () => Promise<T>) => Promise<T>
  readonly turns: Turns
  readonly newId: () => string
}

/**
 * Who is signed in here. The access token is in memory only; the refresh token is kept for all tabs, and is of one use:
 * whoever spends it reads it anew, alone, and keeps the next one where all can read it before anyone else looks.
 */
export class Account {
  readonly id: string
  readonly username: string
  readonly #world: AccountWorld
  /** As it was kept; where nothing can be kept, this is all there is. */
  #own: SignIn
  readonly #isKept: boolean
  #access: { readonly token: string; readonly untilMs: number } | null = null
  #renewing: Promise<string> | null = null
  #end: End | null = null
  /** Told once. */
  onEnd: (why: End) => void = () => {}

  private constructor(own: SignIn, isKept: boolean, world: AccountWorld) {
    this.id = own.id
    this.username = own.username
    this.#own = own
    this.#isKept = isKept
    this.#world = world
  }

  /** Whoever signed in just now: kept from here on. */
  static begin({ user, ...tokens }: SignedIn, world: AccountWorld): Account {
    const { id, username } = user
    const own = { id, username, refreshToken: tokens.refresh_token, signIn: world.newId(), turn: 0 }
    const account = new Account(own, keepSignIn(own), world)
    account.#take(tokens)
    return account
  }

  /** Whoever is signed in in this browser; null for nobody. */
  static kept(world: AccountWorld): Account | null {
    const own = keptSignIn()
    return own && new Account(own, true, world)
  }

  /** Whose things are kept under this: no name in open mode has an @. */
  get key(): string {
    return `@${this.id}`
  }

  /** A good access token. Rejects with `unauthorized` once the sign-in has ended, with `closed` out of reach. */
  readonly token = (): Promise<string> => {
    if (this.#end) return Promise.reject(over())
    if (this.#access && this.#world.nowMs() < this.#access.untilMs - spareMs)
      return Promise.resolve(this.#access.token)
    this.#renewing ??= this.#world
      .alone(() => this.#renew())
      .finally(() => {
        this.#renewing = null
      })
    return this.#renewing
  }

  /** The server would not take the access token, or this one: the next one is asked for before anything else. */
  expire(token = this.#access?.token): void {
    if (this.#access?.token === token) this.#access = null
  }

  /** Forgets the sign-in here at once, and ends it at the server as far as that can be reached. */
  async signOut(): Promise<void> {
    const access = this.#access
    const { refreshToken } = this.#newest() ?? this.#own
    this.end("signed_out")
    const isGood = access !== null && this.#world.nowMs() < access.untilMs
    await this.#world.signOut(isGood ? { access: access.token } : { refresh: refreshToken }).catch(() => {})
  }

  /** It is over here. What is kept is forgotten, unless it is another sign-in's by now. */
  end(why: End): void {
    if (this.#end) return
    this.#end = why
    this.#access = null
    if (keptSignIn()?.signIn === this.#own.signIn) keepSignIn(null)
    this.onEnd(why)
  }

  async #renew(): Promise<string> {
    const known = this.#newest()
    if (this.#end || known === null) {
      this.end("signed_out")
      throw over()
    }
    const kept = await this.#world.turns.newest()
    const spent = kept?.signIn === known.signIn && kept.turn > known.turn ? kept : known
    this.#own = spent
    const tokens = await this.#world.refresh(spent.refreshToken).catch((error: KlatchError) => {
      if (error.code === "unauthorized" || error.code === "forbidden") this.end("over")
      throw error
    })
    const next = { ...spent, refreshToken: tokens.refresh_token, turn: spent.turn + 1 }
    if (this.#isKept) await this.#world.turns.keep(next)
    // Signed out meanwhile, here or in another tab, or signed in anew: none of these is to be undone.
    if (this.#end || this.#newest()?.signIn !== spent.signIn) throw over()
    this.#own = next
    if (this.#isKept) keepSignIn(next)
    return this.#take(tokens)
  }

  /** The sign-in as it is now, after what other tabs did; null when they ended it. */
  #newest(): SignIn | null {
    if (!this.#isKept) return this.#own
    const kept = keptSignIn()
    return kept?.id === this.id ? kept : null
  }

  #take({ access_token, expires_in }: Tokens): string {
    // By our own clock: that of the server may go otherwise.
    this.#access = { token: access_token, untilMs: this.#world.nowMs() + expires_in * 1_000 }
    return access_token
  }
}

/** The world of a page. */
export const pageWorld = (server: string): AccountWorld => ({
  nowMs: Date.now,
  refresh: (refreshToken) => refresh(server, refreshToken),
  signOut: (by) => signOut(server, by),
  alone: (held) => {
    // Missing on a page that is not served over TLS.
    const { locks } = navigator as { readonly locks?: LockManager }
    return locks ? locks.request(lockName, held) : held()
  },
  turns: browserTurns,
  newId: () => `${Date.now()} ${Math.random()}`,
})

const over = () => new KlatchError("unauthorized", "This sign-in is over.")
