import { effect, signal, untracked } from "@preact/signals"
import { render } from "preact"
import {
  type Attribute,
  attributes,
  connectionAttributes,
  positionOf,
  schemeOf,
  withoutSlash,
} from "./attribute.ts"
import { Chat } from "./chat.ts"
import { arrangeSeats, closeOthers, newSeat, takeSeat } from "./corner.ts"
import { onPageScheme } from "./page-scheme.ts"
import { styleSheet } from "./style.ts"
import { Widget, type WidgetLook } from "./view/widget.tsx"

/** The name of the element. */
export const tagName = "klatch-chat"

/** Set before the element is defined: the server of those that name none. */
const defaults = { server: "" }

export function setDefaultServer(server: string): void {
  defaults.server = server
}

/**
 * A chat on any page: a launcher and its panel. Attributes say which (`attribute.ts`); it tells `klatch-open`,
 * `klatch-close` and `klatch-unread` (with `detail.count`). In the document it is connected, taken out it is not.
 */
export class KlatchChat extends HTMLElement {
  /** By this another copy of our code knows the element for one of ours. */
  static readonly isKlatch = true
  static readonly observedAttributes: readonly string[] = attributes
  readonly #shadow: ShadowRoot
  #end: (() => void) | null = null
  #chat: Chat | null = null
  #look: WidgetLook | null = null
  #isRestarting = false

  constructor() {
    super()
    this.#shadow = this.attachShadow({ mode: "open", delegatesFocus: false })
    this.#shadow.adoptedStyleSheets = [styleSheet()]
  }

  /** Opens the panel, and puts the focus there. */
  show(): void {
    if (this.#look) this.#look.takesFocus.value = true
    if (this.#chat) this.#chat.isOpen.value = true
  }

  hide(): void {
    if (this.#chat) this.#chat.isOpen.value = false
  }

  toggle(): void {
    if (this.#chat?.isOpen.peek()) this.hide()
    else this.show()
  }

  /** Messages of others that were not read. */
  get unread(): number {
    return this.#chat?.unread.peek() ?? 0
  }

  connectedCallback(): void {
    this.#begin()
  }

  /** An element that is moved is taken out and put in within one task: that one goes on as it is. */
  disconnectedCallback(): void {
    queueMicrotask(() => {
      if (!this.isConnected) this.#stop()
    })
  }

  attributeChangedCallback(name: Attribute, before: string | null, after: string | null): void {
    if (before === after || this.#end === null || this.#chat === null || this.#look === null) return
    if (connectionAttributes.includes(name)) this.#restart()
    else if (name === "open") this.#chat.isOpen.value = after !== null
    else this.#take(this.#look)
  }

  #begin(): void {
    if (this.#end) return
    const told = (name: Attribute) => this.getAttribute(name)
    const server = withoutSlash(told("server") ?? defaults.server)
    if (server === "") {
      console.error(`Klatch: <${tagName}> needs a server attribute, since its script has no address.`)
      return
    }
    const roomRef = told("room") || "lobby"
    const claim = { server, tokenCallback: told("token-callback"), token: told("token"), user: told("user") }
    const chat = new Chat(claim, roomRef)
    const seat = newSeat(positionOf(told("position")), chat.isOpen)
    const look: WidgetLook = {
      seat,
      scheme: signal(schemeOf(told("scheme"))),
      isSystemScheme: signal(false),
      heading: signal(told("heading")),
      takesFocus: signal(false),
    }
    chat.isOpen.value = this.hasAttribute("open")
    this.#chat = chat
    this.#look = look
    const ends = [
      takeSeat(seat),
      onPageScheme(this, (isSystems) => {
        look.isSystemScheme.value = isSystems
      }),
      this.#tellOpen(chat, look),
      this.#tellUnread(chat),
    ]
    const place = document.createElement("div")
    this.#shadow.append(place)
    render(<Widget chat={chat} look={look} />, place)
    chat.begin()
    this.#end = () => {
      for (const end of ends) end()
      render(null, place)
      place.remove()
      chat[Symbol.dispose]()
    }
  }

  #stop(): void {
    this.#end?.()
    this.#end = null
    this.#chat = null
    this.#look = null
  }

  /** Several attributes are mostly changed at once. */
  #restart(): void {
    if (this.#isRestarting) return
    this.#isRestarting = true
    queueMicrotask(() => {
      this.#isRestarting = false
      if (!this.isConnected) return
      this.#stop()
      this.#begin()
    })
  }

  #take(look: WidgetLook): void {
    look.scheme.value = schemeOf(this.getAttribute("scheme"))
    look.heading.value = this.getAttribute("heading")
    look.seat.position.value = positionOf(this.getAttribute("position"))
    arrangeSeats()
  }

  #tellOpen(chat: Chat, look: WidgetLook): () => void {
    let before = false
    return effect(() => {
      const isOpen = chat.isOpen.value
      if (isOpen === before) return
      before = isOpen
      if (isOpen) closeOthers(look.seat)
      this.toggleAttribute("open", isOpen)
      if (isOpen) untracked(() => chat.start())
      this.#tell(isOpen ? "klatch-open" : "klatch-close")
    })
  }

  #tellUnread(chat: Chat): () => void {
    let before = 0
    return effect(() => {
      const count = chat.unread.value
      if (count === before) return
      before = count
      this.#tell("klatch-unread", { count })
    })
  }

  #tell(type: string, detail?: object): void {
    this.dispatchEvent(new CustomEvent(type, { bubbles: true, composed: true, detail }))
  }
}
