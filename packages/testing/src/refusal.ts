import { type ErrorCode, errorTable } from "@klatch/protocol"

/** The same words for what is missing and for what one may not know of. */
export const noSuchRoom = "There is no such room."

/** What the world may not do, with the server's own code and words. */
export class Refusal extends Error {
  override name = "Refusal"
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string = errorTable[code].message) {
    super(message)
    this.code = code
  }

  /** The HTTP status of the answer. */
  get status(): number {
    return errorTable[this.code].status
  }
}

/** A schema of the contract, as far as it is needed here. */
interface Schema<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false; error: Faults }
}

interface Faults {
  readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[]
}

/** The value as the schema has it. Throws `invalid_field` in the server's words; `name` is what has no path. */
export function checked<T>(schema: Schema<T>, value: unknown, name: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const path = issue?.path.join(".") || name
  throw new Refusal("invalid_field", `${path}: ${issue?.message ?? "is wrong"}`)
}
