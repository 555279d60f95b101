export type EmbeddedReason = "in_use" | "read_only" | "disk_full" | "no_binaries" | "wrong_version" | "failed"

/** Why the embedded PostgreSQL cannot run. `message` is a sentence that tells a person what to do. */
export class EmbeddedError extends Error {
  override name = "EmbeddedError"
  readonly reason: EmbeddedReason

  constructor(reason: EmbeddedReason, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

/** Turns an error of the file system into the sentence for it; an EmbeddedError passes unchanged. */
export function failureOf(error: unknown, home: string): EmbeddedError {
  if (error instanceof EmbeddedError) return error
  const text = error instanceof Error ? error.message : String(error)
  const code = error instanceof Error && "code" in error ? String(error.code) : ""
  return failureFromText(`${code} ${text}`, home, { cause: error })
}

/**
 * Turns what initdb or postgres printed (always in English: we run them with LC_ALL=C) into the sentence for it.
 * What is not recognised becomes "failed" with the last line that names a fault.
 */
export function failureFromText(text: string, home: string, options?: ErrorOptions): EmbeddedError {
  if (/ENOSPC|EDQUOT|No space left on device|Disk quota exceeded/.test(text)) {
    return new EmbeddedError(
      "disk_full",
      `The disk under ${home} is full. ` +
        `Free some space there (PostgreSQL needs about 100 MB to begin) and start again; ` +
        `nothing that was acknowledged is lost.`,
      options,
    )
  }
  if (/EROFS|EACCES|EPERM|Read-only file system|Permission denied|Operation not permitted/.test(text)) {
    return new EmbeddedError(
      "read_only",
      `${home} cannot be written by ${describeSelf()}. ` +
        `Set DATA_DIR to a directory it may write, or set DATABASE_URL to use a PostgreSQL server. ` +
        `(${lastFault(text)})`,
      options,
    )
  }
  return new EmbeddedError(
    "failed",
    `The embedded PostgreSQL did not start: ${lastFault(text)}. Its log is ${home}/postgres.log.`,
    options,
  )
}

function describeSelf(): string {
  return `this server (user id ${process.getuid?.() ?? "unknown"})`
}

const textMax = 300

function lastFault(text: string): string {
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
  const fault = lines.findLast((line) => /FATAL|PANIC|error:/i.test(line)) ?? lines.at(-1)
  return (fault ?? "it printed nothing").replace(/^.*(?=FATAL|PANIC)/, "").slice(0, textMax)
}
