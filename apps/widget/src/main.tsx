import { attributesOf, serverOf } from "./attribute.ts"
import { KlatchChat, setDefaultServer, tagName } from "./element.tsx"

// A module script has no `currentScript`: then it is found by its name.
const script =
  (document.currentScript as HTMLScriptElement | null) ??
  document.querySelector<HTMLScriptElement>('script[src*="/widget.js"]')
const server = serverOf(script?.src)
const asked = attributesOf((name) => script?.getAttribute(name) ?? null)

// The page may name us twice, for two chats: the first one is the element.
if (!customElements.get(tagName)) {
  setDefaultServer(server ?? "")
  customElements.define(tagName, KlatchChat)
}
if (asked !== null) {
  const element = document.createElement(tagName)
  if (server !== null) element.setAttribute("server", server)
  for (const [name, value] of asked) element.setAttribute(name, value)
  const mount = () => document.body.append(element)
  if (document.body) mount()
  else document.addEventListener("DOMContentLoaded", mount)
}
