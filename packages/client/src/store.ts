/** What is kept: messages on their way by client id, rooms by id, and what belongs to the client itself. */
export type StoreTable = "letters" | "rooms" | "self"

/**
 * Keeps things beyond the life of a page or a process. `indexedDbStore` is the one for browsers; an application may
 * bring its own. Any method may reject: the client then goes on without what could not be kept.
 */
export interface Store {
  /** Everything in a table, in the order of its keys. */
  all(table: StoreTable): Promise<readonly unknown[]>
  /** Keeps a value that `structuredClone` can copy, in place of the one under the same key. */
  put(table: StoreTable, key: string, value: unknown): Promise<void>
  /** One that is not there: nothing happens. */
  remove(table: StoreTable, key: string): Promise<void>
}

/** Keeps as long as the process lives: for tests, and for a client that is made anew in one page. */
export function memoryStore(): Store {
  type Rows = Map<string, unknown>
  const tables: Record<StoreTable, Rows> = { letters: new Map(), rooms: new Map(), self: new Map() }
  return {
    async all(table) {
      return [...tables[table]]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, value]) => structuredClone(value))
    },
    async put(table, key, value) {
      tables[table].set(key, structuredClone(value))
    },
    async remove(table, key) {
      tables[table].delete(key)
    },
  }
}
