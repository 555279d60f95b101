import { createHash } from "node:crypto"
import { limits, type User, username as usernameSchema } from "@klatch/protocol"
import type { Queryable } from "../db/sql.ts"
import { AppError } from "../lib/app-error.ts"
import { BatchLoader } from "../lib/batch-loader.ts"
import type { Clock } from "../lib/clock.ts"
import { changeProfile, insertIdentityRow, insertNamedUser, userOfIdentity } from "./accounts.sql.ts"
import { isDisplayName } from "./display-name.ts"
import type { OutsideClaims } from "./issuers.ts"
import { usernameKey } from "./users.ts"

const triesMax = 6

/**
 * Users of outside issuers: they appear at first sight, from what their token says. Whoever has no name that is free
 * here gets one that is made from theirs.
 */
export class OutsideUsers {
  readonly #db: Queryable
  readonly #clock: Clock
  readonly #newId: () => string
  readonly #onChanged: (user: User) => void
  readonly #ids: BatchLoader<OutsideClaims, string>

  constructor(db: Queryable, clock: Clock, newId: () => string, onChanged: (user: User) => void = () => {}) {
    this.#db = db
    this.#onChanged = onChanged
    this.#clock = clock
    this.#newId = newId
    this.#ids = new BatchLoader((all) => Promise.all(all.map((claims) => this.#idOf(claims))), 32)
  }

  /** The id of whom these claims are of; made when they come for the first time. */
  idOf(claims: OutsideClaims): Promise<string> {
    return this.#ids.get(claims)
  }

  async #idOf(claims: OutsideClaims): Promise<string> {
    const { issuer, subject, picture } = claims
    const name = claims.name !== undefined && isDisplayName(claims.name) ? claims.name : undefined
    const known = await userOfIdentity(this.#db, issuer, subject)
    // Whoever was deleted stays so: what their tokens say of them is not looked at.
    if (known?.is_deleted) return known.user_id
    if (known?.display_name != null) {
      const isNews =
        (name ?? known.display_name) !== known.display_name ||
        (picture ?? known.avatar_url) !== known.avatar_url
      const changed = isNews ? await changeProfile(this.#db, known.user_id, name, picture) : undefined
      if (changed) this.#onChanged(changed)
      return known.user_id
    }
    const at = new Date(this.#clock.now()).toISOString()
    const id = known?.user_id ?? this.#newId()
    // The identity first: of two who come at once one is the user, and a crash in between is mended by who comes next.
    if (!known && !(await insertIdentityRow(this.#db, issuer, subject, id, at))) return this.#idOf(claims)
    for (let attempt = 0; attempt < triesMax; attempt++) {
      const username = nameOf(claims, attempt)
      const user = {
        id,
        username,
        key: usernameKey(username),
        displayName: name ?? username,
        avatarUrl: picture,
      }
      if (await insertNamedUser(this.#db, user, at)) return id
      const now = await userOfIdentity(this.#db, issuer, subject)
      if (now?.display_name != null) return now.user_id
    }
    throw new AppError("unavailable", "No name could be found for this token's user.", {
      retryAfterMs: 1_000,
    })
  }
}

/** The name for the nth try: what they call themselves, then that with a few letters that are theirs alone. */
function nameOf({ preferredName, subject, name, issuer }: OutsideClaims, attempt: number): string {
  const wishes = [preferredName, subject, name].map((wish) => folded(wish ?? ""))
  const base = wishes.find((wish) => usernameSchema.safeParse(wish).success && isDisplayName(wish)) ?? "user"
  if (attempt === 0 && base !== "user") return base
  const suffix = createHash("sha256").update(`${issuer}\n${subject}\n${attempt}`).digest("hex").slice(0, 6)
  return `${base.slice(0, limits.usernameCharsMax - suffix.length - 1)}-${suffix}`
}

/** What is left of a wish in a name's letters; an address loses its host. */
const folded = (wish: string): string =>
  wish
    .replace(/@.*$/, "")
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/[^A-Za-z0-9_.-]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, limits.usernameCharsMax)
