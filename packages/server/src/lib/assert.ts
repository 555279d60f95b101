/** Thrown by `assert`: a mistake of ours, never of the world's. */
export class AssertionError extends Error {
  override name = "AssertionError"
}

/** Checks what must hold by construction. Kept in production: a broken invariant must stop here, not spread. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message)
}

/** Makes a switch over a union total: a new member is a type error here. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${String(value)}`)
}
