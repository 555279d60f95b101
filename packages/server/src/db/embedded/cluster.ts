import {
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs"
import { join } from "node:path"
import { type Account, claim } from "./account.ts"
import type { Binaries } from "./binaries.ts"
import { EmbeddedError, failureFromText } from "./failure.ts"
import { processesIn, run, signalTo } from "./processes.ts"

/** The superuser initdb makes; only who can enter the data directory can connect as it. */
export const superuser = "klatch"

export interface ClusterPlan {
  home: string
  data: string
  binaries: Binaries
  account: Account | null
  throwAway: boolean
}

/**
 * Makes the cluster in `data` if there is none, and claims the one that is there; true when it was made. Throws
 * "wrong_version", "disk_full", "read_only" or "failed"; a making cut short leaves nothing that looks like a cluster.
 */
export async function prepareCluster(plan: ClusterPlan): Promise<boolean> {
  if (existsSync(plan.data) && readdirSync(plan.data).length > 0) {
    checkVersion(plan)
    claim(plan.data, plan.account)
    return false
  }
  clearUnfinished(plan.home)
  await makeCluster(plan)
  return true
}

/**
 * initdb writes with fsync off and syncs once at its end (one syncfs on Linux, a walk elsewhere), in a directory
 * that gets its real name only after that. So there is no moment at which a power cut could leave a cluster under
 * the real name whose files are not on disk; before the rename, the next start throws all away and begins again.
 */
async function makeCluster({ home, data, binaries, account, throwAway }: ClusterPlan): Promise<void> {
  const fresh = mkdtempSync(join(home, unfinishedPrefix))
  if (account) chownSync(fresh, account.uid, account.gid)
  const sync = throwAway ? ["--no-sync"] : process.platform === "linux" ? ["--sync-method=syncfs"] : []
  const args = [
    ...["-D", pathForServer(fresh, account), "--username", superuser, "--auth=trust", "--no-instructions"],
    // Sorting and case rules that are PostgreSQL's own: the same on every system, whatever its libc.
    ...["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
    ...sync,
  ]
  const { code, output } = await run(binaries.initdb, args, { account, cwd: fresh })
  if (code !== 0) {
    rmSync(fresh, { recursive: true, force: true })
    if (/could not look up effective user ID/.test(output)) throw namelessUser()
    throw failureFromText(output, home)
  }
  renameSync(fresh, data)
  const directory = openSync(home, "r")
  fsyncSync(directory)
  closeSync(directory)
}

/**
 * How PostgreSQL, running as `account` with the data directory as its working directory, names that directory. On
 * Linux as root it is /proc/self/cwd: the kernel leads there without asking whether `account` may pass the
 * directories above (a 0700 home), because we entered before we dropped root.
 */
export function pathForServer(data: string, account: Account | null): string {
  return account && process.platform === "linux" && existsSync("/proc/self/cwd") ? "/proc/self/cwd" : data
}

const unfinishedPrefix = "data.new-"

function clearUnfinished(home: string): void {
  for (const name of readdirSync(home)) {
    if (!name.startsWith(unfinishedPrefix)) continue
    for (const pid of processesIn(join(home, name))) signalTo(pid, "SIGKILL")
    try {
      rmSync(join(home, name), { recursive: true, force: true, maxRetries: 5, retryDelay: 10 })
    } catch {
      // A dying initdb still wrote there; a later start clears it.
    }
  }
}

function checkVersion({ home, data, binaries }: ClusterPlan): void {
  const file = join(data, "PG_VERSION")
  const major = existsSync(file) ? readFileSync(file, "utf8").trim() : null
  if (major === null) {
    throw new EmbeddedError(
      "failed",
      `${data} holds files but no PostgreSQL cluster. Move it away, or restore it from a backup, and start again.`,
    )
  }
  if (major !== binaries.major) {
    throw new EmbeddedError(
      "wrong_version",
      `${data} was made by PostgreSQL ${major} and this Klatch carries PostgreSQL ${binaries.major}. ` +
        `Dump it with the Klatch that made it (pg_dump over the socket), move ${home} away, ` +
        `start this one and load the dump; or keep using the older one.`,
    )
  }
}

function namelessUser(): EmbeddedError {
  return new EmbeddedError(
    "failed",
    `PostgreSQL's initdb wants a user with a name, and user id ${process.getuid?.()} has no line in /etc/passwd. ` +
      `Start Klatch as a named user (in a container: without --user, or with an image that names it), ` +
      `or set DATABASE_URL.`,
  )
}
