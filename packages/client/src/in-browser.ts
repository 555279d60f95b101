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
  const { indexedDB, navigator, BroadcastChannel, WebSocket } = globalThis as Partial<typeof globalThis>
  const locks = (navigator as { readonly locks?: Locks } | undefined)?.locks
  return {
    ...(indexedDB && { store: indexedDbStore(account) }),
    ...(locks &&
      BroadcastChannel &&
      WebSocket && {
        webSocket: sharedSocket({
          name: account,
          locks,
          channel: (name) => new BroadcastChannel(name) as Channel,
          webSocket: WebSocket as WebSocketConstructor,
        }),
      }),
  }
}
