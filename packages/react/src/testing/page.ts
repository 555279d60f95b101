import { Window } from "happy-dom"

/** Gives the process a document, until it is closed again. Before that, nothing that renders may be imported. */
export function openPage(): { readonly close: () => Promise<void> } {
  const window = new Window({ url: "http://klatch.test/" })
  const given = { window, document: window.document, IS_REACT_ACT_ENVIRONMENT: true }
  const before = Object.keys(given).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)])
  for (const [name, value] of Object.entries(given))
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
  return {
    async close() {
      for (const [name, property] of before as [string, PropertyDescriptor | undefined][]) {
        if (property) Object.defineProperty(globalThis, name, property)
        else Reflect.deleteProperty(globalThis, name)
      }
      await window.happyDOM.close()
    },
  }
}
