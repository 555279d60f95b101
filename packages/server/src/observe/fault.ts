/** What may be told of an error in a log. */
export interface Fault {
  readonly name: string
  /** Of a database's error, or of one that quotes what it was given, not told: someone's words may stand there. */
  readonly reason?: string
  readonly code?: unknown
  readonly constraint?: unknown
  readonly table?: unknown
  readonly routine?: unknown
}

const causesMax = 5

/**
 * What a log may hold of an error. PostgreSQL quotes values in its messages, details and contexts, so of its errors
 * only code, constraint, table and routine are told; and so do parsers of JSON and of URLs.
 */
export function faultOf(error: unknown): Fault {
  if (!(error instanceof Error)) return { name: typeof error }
  const { name, message: reason } = error
  const database = databaseErrorIn(error)
  if (database) {
    const { code, constraint, table, routine } = database
    return { name, code, constraint, table, routine }
  }
  const { code } = error as { code?: unknown }
  return isQuoting(error) ? { name, code } : { name, reason, code }
}

/** Where an error was thrown, a line a call, without its message. */
export function placesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return []
  return (error.stack ?? "")
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .map((line) => line.trim())
    .slice(0, 12)
}

interface DatabaseFault {
  readonly code?: unknown
  readonly constraint?: unknown
  readonly table?: unknown
  readonly routine?: unknown
}

/** An error of PostgreSQL's, or one that was made of it. */
function databaseErrorIn(error: Error): DatabaseFault | undefined {
  let one: unknown = error
  for (let depth = 0; depth < causesMax && one instanceof Error; depth++) {
    const { severity, code } = one as { severity?: unknown; code?: unknown }
    if (typeof severity === "string" && typeof code === "string") return one as DatabaseFault
    one = one.cause
  }
  return undefined
}

const isQuoting = (error: Error): boolean =>
  error instanceof SyntaxError || (error as { code?: unknown }).code === "ERR_INVALID_URL"
