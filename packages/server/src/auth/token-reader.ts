/** The most a token may have; longer ones are not even looked at. */
export const tokenCharsMax = 8_192

/** The parts of a JWS in compact form (RFC 7515, 7.1), not verified. */
export interface UnverifiedToken {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

/**
 * Reads a token without believing it. Undefined for what is no JWS of JSON objects, is too long, or says one thing
 * twice: parsers differ in which of two they take (RFC 8725, 2.4).
 */
export function readToken(token: string): UnverifiedToken | undefined {
  if (token.length > tokenCharsMax) return undefined
  const parts = token.split(".")
  if (parts.length !== 3 || !parts.every(isCanonical)) return undefined
  const [header, claims] = parts
    .slice(0, 2)
    .map((part) => objectOf(Buffer.from(part, "base64url").toString()))
  return header && claims ? { header, claims } : undefined
}

/** Base64url as there is but one way to write it (RFC 4648, 3.5): else one token had several spellings. */
const isCanonical = (part: string) =>
  part !== "" && Buffer.from(part, "base64url").toString("base64url") === part

function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined
    return hasDoubledName(text) ? undefined : (value as Record<string, unknown>)
  } catch {
    return undefined
  }
}

/** Whether any object in this JSON text has a name twice, also where one is written with escapes. */
function hasDoubledName(text: string): boolean {
  const names: (Set<string> | null)[] = []
  const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g
  let isName = false
  for (let found = token.exec(text); found !== null; found = token.exec(text)) {
    const [part] = found
    if (part === "{" || part === "[") {
      names.push(part === "{" ? new Set() : null)
      isName = part === "{"
    } else if (part === "}" || part === "]") {
      names.pop()
      isName = false
    } else if (part === ",") isName = names.at(-1) !== null
    else if (part === ":") isName = false
    else if (isName) {
      const name: string = JSON.parse(part)
      const known = names.at(-1)
      if (known?.has(name)) return true
      known?.add(name)
    }
  }
  return false
}
