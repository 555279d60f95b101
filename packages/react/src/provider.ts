import type { Client } from "@klatch/client"
import { createContext, createElement, type ReactElement, type ReactNode, useContext } from "react"

/** What a `KlatchProvider` takes. */
export interface KlatchProviderProps {
  /** The application's own client: made, connected and closed by it. */
  readonly client: Client
  readonly children?: ReactNode
}

const ClientContext = createContext<Client | null>(null)

/**
 * Gives the components below it a client. It neither connects nor closes it: in a browser, connect it once where it is
 * made; on a server that renders pages, do not connect it at all.
 *
 * ```tsx
 * const client = createClient({ user: "ann" })
 * client.connect()
 * createRoot(element).render(<KlatchProvider client={client}><Chat /></KlatchProvider>)
 * ```
 */
export function KlatchProvider({ client, children }: KlatchProviderProps): ReactElement {
  return createElement(ClientContext.Provider, { value: client }, children)
}

/**
 * The client of the nearest `KlatchProvider`. Throws when there is none.
 *
 * ```tsx
 * const client = useKlatch()
 * return <button onClick={() => client.broadcast("Lunch!")}>Call all</button>
 * ```
 */
export function useKlatch(): Client {
  const client = useContext(ClientContext)
  if (!client) throw new Error("A Klatch hook needs a KlatchProvider above its component.")
  return client
}
