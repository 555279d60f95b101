import { attributesOf, serverOf } from "./attribute.ts"
import { KlatchChat, setDefaultServer, tagName } from "./element.tsx"
import { addressesIn, ownScripts, takeScript } from "./own-script.ts"
import { words } from "./words.ts"

// A module script has no `currentScript`, and runs once for all that name its address.
const current = document.currentScript as HTMLScriptElement | null
const addresses = addressesIn(new Error().stack)
const scripts = () => (current ? [current] : ownScripts(document.querySelectorAll("script"), addresses))

/** False where the page has an element of this name that is not ours. */
function isDefined(): boolean {
  const found = customElements.get(tagName)
  // The page may name us several times, for several chats: the first one is the element.
  if (found) return "isKlatch" in found
  setDefaultServer(serverOf(scripts()[0]?.src ?? addresses.at(-1)) ?? "")
  customElements.define(tagName, KlatchChat)
  return true
}

/** Puts the chat that a script asks for into the page. */
function mount(script: HTMLScriptElement): void {
  const asked = attributesOf((name) => script.getAttribute(name))
  if (!takeScript(script) || asked === null) return
  const element = document.createElement(tagName)
  const server = serverOf(script.src)
  if (server !== null) element.setAttribute("server", server)
  for (const [name, value] of asked) element.setAttribute(name, value)
  document.body.append(element)
}

if (!isDefined()) console.error(words.failure.takenForDevelopers(tagName))
// Of a module, scripts further down the page may be others to be served.
else if (document.body && (current || document.readyState !== "loading")) scripts().forEach(mount)
else document.addEventListener("DOMContentLoaded", () => scripts().forEach(mount))
