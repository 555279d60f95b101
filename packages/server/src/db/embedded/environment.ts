/**
 * What the programs that we start find in their environment: nothing of ours, and above all no PG* variables, which
 * would lead initdb and postgres elsewhere.
 */
export function childEnvironment(): Record<string, string> {
  return { LC_ALL: "C", TZ: "UTC", PATH: process.env.PATH ?? "/usr/bin:/bin" }
}

/** Ours in plain words: for system tools, whose times must be of our own zone and whose words of no language. */
export const plainEnvironment = (): NodeJS.ProcessEnv => ({ ...process.env, LC_ALL: "C" })

/** Where the user's caches go by the XDG Base Directory rules; undefined when nothing is set. */
export const cacheHome = (): string | undefined => process.env.XDG_CACHE_HOME || undefined
