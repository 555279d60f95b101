/** The bounds of a name, as the server has them. */
export const nameCharsMin = 2
export const nameCharsMax = 32
const allowed = new RegExp(`^[A-Za-z0-9_.-]{${nameCharsMin},${nameCharsMax}}$`)

/** Whether the server would take it as a name. */
export const isName = (name: string): boolean => allowed.test(name)

/** The bounds of a password, as the server has them. */
export const passwordCharsMin = 8
export const passwordCharsMax = 256
