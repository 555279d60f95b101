import type { User } from "@klatch/client"
import { useKlatch } from "./provider.ts"
import { all, useReadable } from "./use-readable.ts"

/**
 * Who the server says we are, or what `select` makes of that. Null before the first connection, and on a server.
 *
 * ```tsx
 * const name = useUser((user) => user?.display_name ?? "nobody yet")
 * return <p>You are {name}.</p>
 * ```
 */
export function useUser(): User | null
export function useUser<S>(select: (user: User | null) => S): S
export function useUser(select: (user: User | null) => unknown = all): unknown {
  return useReadable(useKlatch().user, null, select)
}
