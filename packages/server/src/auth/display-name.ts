import { AppError } from "../lib/app-error.ts"
import { systemUser } from "./api-keys.ts"

/** Throws `invalid_field` for a name that people may not be shown by. */
export function requireDisplayName(name: string): void {
  if (!isDisplayName(name))
    throw new AppError(
      "invalid_field",
      "display_name: must show something, must not turn the direction of writing, and must not be the system's",
    )
}

/**
 * Whether people may be shown by it: not by nothing (blanks, and what has no width), not by what turns the words around
 * it, and not as the system.
 */
export function isDisplayName(name: string): boolean {
  if (/\p{Bidi_Control}/u.test(name)) return false
  const seen = name
    .normalize("NFKC")
    .replace(/[\p{Default_Ignorable_Code_Point}\p{C}]+/gu, "")
    .replace(/[\p{Z}\u2800]+/gu, " ")
    .trim()
  return seen !== "" && seen.toLowerCase() !== systemUser.display_name.toLowerCase()
}
