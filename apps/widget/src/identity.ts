import { type ClientOptions, inBrowser } from "@klatch/client"

/** Who a widget speaks as: the first of these that is given; with none, as a guest. */
export interface Claim {
  readonly server: string
  /** The name of a global function, such as `shop.chatToken`, that gives a token or a promise of one. */
  readonly tokenCallback: string | null
  readonly token: string | null
  readonly user: string | null
}

/** Two widgets of one key share a connection, and what is kept in the browser. */
export interface Identity {
  readonly key: string
  readonly isGuest: boolean
  readonly options: ClientOptions
}

/**
 * What is kept (messages on their way, the newest of each room) is kept by server and name. Under a token nothing is:
 * whose it is the widget cannot tell, and the next one at this browser may be another.
 */
export function identityOf(claim: Claim): Identity {
  const { server, tokenCallback, token, user } = claim
  if (tokenCallback !== null)
    return {
      key: `${server} callback ${tokenCallback}`,
      isGuest: false,
      options: { url: server, token: () => called(tokenCallback) },
    }
  if (token !== null)
    return { key: `${server} token ${token}`, isGuest: false, options: { url: server, token: () => token } }
  const who = user === null ? "guest" : `user ${user.toLowerCase()}`
  const key = `widget ${server} ${who}`
  const options = { url: server, ...inBrowser(key) }
  return { key, isGuest: user === null, options: user === null ? options : { ...options, user } }
}

/** What the page's own function answers. Throws when there is none of this name: it may come with a later script. */
async function called(name: string): Promise<string> {
  const path = name.split(".")
  const owner = path.slice(0, -1).reduce<unknown>(memberOf, globalThis)
  const found = memberOf(owner, path.at(-1) as string)
  if (typeof found !== "function") throw new Error(`there is no function ${name}`)
  const token: unknown = await Reflect.apply(found, owner, [])
  if (typeof token !== "string" || token === "") throw new Error(`${name} gave no token`)
  return token
}

const memberOf = (owner: unknown, name: string): unknown =>
  owner === null || owner === undefined ? undefined : (owner as Record<string, unknown>)[name]
