import { indexedDbStore } from "./indexed-db-store.ts"
import { type Channel, type Locks, sharedSocket } from "./shared-socket.ts"
import type { WebSocketConstructor } from "./socket.ts"
import type { Store } from "./store.ts"

/**
 * What a client in a page should have: messages on their way survive a closed tab, what was shown last is shown
 * before the server is reached, and all tabs share one connection. `account`: whose; one a person. What a browser
 * lacks is gone on without. `createClient({ user, ...inBrowser(user) })`
 */
export function inBrowser(account: string): {
  readonly store?: Store
  readonly webSocket?: WebSocketConstructor
} {
  const hasStore = asked(() => indexedDB)
  const locks = asked(() => {
    new BroadcastChannel("klatch").close()
    return navigator.locks
  })
  return {
    ...(hasStore && { store: indexedDbStore(account) }),
    ...(locks && {
      webSocket: sharedSocket({
        name: account,
        locks: locks as Locks,
        channel: (name) => new BroadcastChannel(name) as Channel,
        webSocket: WebSocket as WebSocketConstructor,
      }),
    }),
  }
}

/** What the browser has; where site data are blocked it may throw when it is only asked. */
function asked<T>(fn: () => T): T | undefined {
  try {
    return fn()
  } catch {
    return undefined
  }
}
