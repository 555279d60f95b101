import { chmodSync, chownSync, lchownSync, readdirSync, readFileSync, statSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { EmbeddedError } from "./failure.ts"

/** The unprivileged user PostgreSQL runs as when we are root, which PostgreSQL itself refuses to be. */
export interface Account {
  uid: number
  gid: number
}

/**
 * Who PostgreSQL shall run as: null means as we do. As root it is whoever owns the cluster in `data` already, so
 * that a restart never needs another user; for a new cluster the first of `accountNames` that this machine knows
 * (initdb insists on a user with a name). Throws "failed" when root finds none.
 */
export function chooseAccount(data: string, passwd = "/etc/passwd"): Account | null {
  if (process.getuid?.() !== 0) return null
  const owner = statSync(data, { throwIfNoEntry: false })
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  const lines = readFileSync(passwd, "utf8").split("\n")
  for (const name of accountNames) {
    const [, , uid, gid] = lines.find((line) => line.startsWith(`${name}:`))?.split(":") ?? []
    // macOS writes nobody's id as -2.
    if (uid && gid && uid !== "0") return { uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 }
  }
  throw new EmbeddedError(
    "failed",
    `PostgreSQL will not run as root, and none of the users ${accountNames.join(", ")} exists here ` +
      `to run it as. Start Klatch as another user, or add one of them.`,
  )
}

const accountNames = ["postgres", "_postgres", "nobody"]

/**
 * Makes `data` something its user may serve: owned by `account` and closed to all others, also after a backup was
 * restored as root or with a lax umask. The top goes last, so that a chown cut short is done again.
 */
export function claim(data: string, account: Account | null): void {
  const found = statSync(data)
  if (account && found.uid !== account.uid) {
    for (const entry of readdirSync(data, { recursive: true, withFileTypes: true })) {
      lchownSync(join(entry.parentPath, entry.name), account.uid, account.gid)
    }
    chownSync(data, account.uid, account.gid)
  }
  const ourUid = account?.uid ?? process.getuid?.()
  if (!account && found.uid !== ourUid) {
    throw new EmbeddedError(
      "read_only",
      `${data} belongs to user id ${found.uid}, and this server runs as user id ${ourUid}. ` +
        `Start it as that user, or hand the directory over with: chown -R ${ourUid} ${data}`,
    )
  }
  if ((found.mode & 0o777) !== 0o700) chmodSync(data, 0o700)
}

/** Whether the mode bits let `account` through to `path`. Null, ourselves, always passes. */
export function canEnter(path: string, account: Account | null): boolean {
  if (!account) return true
  for (let at = resolve(path); ; at = dirname(at)) {
    const found = statSync(at, { throwIfNoEntry: false })
    if (found) {
      const bit = found.uid === account.uid ? 0o100 : found.gid === account.gid ? 0o010 : 0o001
      if ((found.mode & bit) === 0) return false
    }
    if (dirname(at) === at) return true
  }
}
