import type { ConnectionState } from "@klatch/client"
import { useKlatch } from "./provider.ts"
import { all, useReadable } from "./use-readable.ts"

const idle: ConnectionState = { phase: "idle", attempt: 0 }

/**
 * How the connection stands, or what `select` makes of that. On a server: `idle`.
 *
 * ```tsx
 * const isOffline = useConnection(({ phase }) => phase === "waiting")
 * return isOffline ? <p>Offline. What you write is sent later.</p> : null
 * ```
 */
export function useConnection(): ConnectionState
export function useConnection<S>(select: (connection: ConnectionState) => S): S
export function useConnection(select: (connection: ConnectionState) => unknown = all): unknown {
  return useReadable(useKlatch().connection, idle, select)
}
