/**
 * Whether two values show the same: the same value, or lists or plain objects of the same values, one level deep.
 * What has a class of its own is alike only to itself.
 */
export function areAlike(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((value, at) => Object.is(value, b[at]))
  if (!isPlain(a) || !isPlain(b)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && Object.is(a[key], b[key]))
  )
}

/** `after`, or `before` itself when nothing changed between them: who compares by identity then sees no change. */
export const kept = <T>(before: T, after: T): T => (areAlike(before, after) ? before : after)

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
