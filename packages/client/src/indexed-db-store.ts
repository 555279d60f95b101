import type { Store, StoreTable } from "./store.ts"

const tables: readonly StoreTable[] = ["letters", "rooms", "self"]
const version = 1

/**
 * Keeps things in the browser's IndexedDB, for all tabs of an origin. `name`: one an account, such as "chat-ann";
 * whoever shares a name shares what is kept. Where IndexedDB is missing or refused, every call rejects.
 */
export function indexedDbStore(name: string): Store {
  let opening: Promise<IDBDatabase> | undefined
  const forget = () => {
    opening = undefined
  }
  const open = async () => {
    const request = indexedDB.open(`klatch.${name}`, version)
    request.onupgradeneeded = () => {
      for (const table of tables) request.result.createObjectStore(table)
    }
    const database = await settled(request)
    // Someone deletes it, or a newer page needs it: stand in nobody's way, and open it anew when it is needed. Or the
    // browser ended it.
    database.onversionchange = database.onclose = () => {
      database.close()
      forget()
    }
    return database
  }
  const database = () => {
    opening ??= open()
    opening.catch(forget)
    return opening
  }
  const change = async (table: StoreTable, act: (rows: IDBObjectStore) => void): Promise<void> => {
    const transaction = (await database()).transaction(table, "readwrite")
    act(transaction.objectStore(table))
    // At once, and not when the page next rests: it may be about to be closed.
    transaction.commit()
    await new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve()
      transaction.onabort = () => reject(transaction.error)
    })
  }
  return {
    async all(table) {
      return settled((await database()).transaction(table).objectStore(table).getAll())
    },
    put: (table, key, value) => change(table, (rows) => rows.put(value, key)),
    remove: (table, key) => change(table, (rows) => rows.delete(key)),
  }
}

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
