import type { SignIn } from "./kept.ts"

/**
 * The newest refresh token, where all tabs find it at once. localStorage is not enough for that: each of a browser's
 * processes has a copy of its own, and one that gets a lock may not have heard yet what the one before it has written.
 */
export interface Turns {
  /** Null when there is none, or nothing can be kept. */
  readonly newest: () => Promise<SignIn | null>
  /** Resolves once every tab can read it, or once it is plain that none will. */
  readonly keep: (signIn: SignIn) => Promise<void>
}

const [databaseName, rows, key] = ["klatch.sign-in", "turns", "newest"]

/** In the browser's IndexedDB, whose transactions are the same for all its processes. */
export const browserTurns: Turns = {
  newest: () =>
    withRows("readonly", (store) => store.get(key)).then(
      (found) => found ?? null,
      () => null,
    ),
  keep: (signIn) =>
    withRows("readwrite", (store) => store.put(signIn, key)).then(
      () => {},
      () => {},
    ),
}

async function withRows(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest) {
  const opening = indexedDB.open(databaseName, 1)
  opening.onupgradeneeded = () => opening.result.createObjectStore(rows)
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    opening.onsuccess = () => resolve(opening.result)
    opening.onerror = () => reject(opening.error)
  })
  // Strict: a spent token that a power cut brings back would end the sign-in.
  const transaction = database.transaction(rows, mode, { durability: "strict" })
  const request = act(transaction.objectStore(rows))
  return new Promise<SignIn | undefined>((resolve, reject) => {
    transaction.oncomplete = () => resolve(mode === "readonly" ? request.result : undefined)
    transaction.onabort = () => reject(transaction.error)
  }).finally(() => database.close())
}
