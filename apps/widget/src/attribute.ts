/** What the element is told by, each also as `data-` on the script. */
export const attributes = [
  "server",
  "room",
  "user",
  "token",
  "token-callback",
  "heading",
  "position",
  "scheme",
  "open",
] as const

export type Attribute = (typeof attributes)[number]

/** Whose change makes it another chat: who is asking, where, and which room. */
export const connectionAttributes: readonly Attribute[] = [
  "server",
  "room",
  "user",
  "token",
  "token-callback",
]

const positions = ["bottom-right", "bottom-left", "top-right", "top-left"] as const
const schemes = ["auto", "light", "dark"] as const

/** The corner of the window. */
export type Position = (typeof positions)[number]

export type Scheme = (typeof schemes)[number]

/** The first one for what is missing or no such word. */
export const positionOf = (text: string | null): Position =>
  positions.find((one) => one === text) ?? positions[0]

/** `auto` for what is missing or no such word. */
export const schemeOf = (text: string | null): Scheme => schemes.find((one) => one === text) ?? schemes[0]

/** The attributes that a script's `data-` attributes stand for; null when it asks for no chat: it names no room. */
export function attributesOf(
  data: (name: string) => string | null,
): readonly (readonly [Attribute, string])[] | null {
  if (data("data-room") === null) return null
  return attributes.flatMap((name) => {
    const value = data(`data-${name}`)
    return value === null ? [] : [[name, value] as const]
  })
}

/** The server that a script came from, with the path prefix in front of it; null for a script without an address. */
export function serverOf(scriptUrl: string | undefined): string | null {
  const url = scriptUrl ? URL.parse(scriptUrl) : null
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) return null
  return withoutSlash(new URL(".", url).href)
}

export const withoutSlash = (url: string): string => url.replace(/\/+$/, "")
