import { useEffect } from "preact/hooks"
import type { Frame } from "./app-frame.ts"
import { roomLinks } from "./sidebar-lists.tsx"
import type { Workspace } from "./workspace.ts"

/** What the key for commands is called where the page is looked at. */
export const commandKey = (): string => (/Mac|iPhone|iPad/.test(navigator.platform) ? "⌘" : "Ctrl")

/** The keys that work everywhere in the page; the help sheet names them all. */
export function useKeys(workspace: Workspace, frame: Frame): void {
  useEffect(() => {
    // Before a field hears it, which takes an arrow for its own whatever is held with it.
    const onFirst = (event: KeyboardEvent) => {
      if (event.isComposing) return
      const act = commandOf(event, frame)
      if (act === undefined) return
      event.preventDefault()
      event.stopPropagation()
      act()
    }
    // After a field has heard it, which may have something of its own to close.
    const onLast = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing || frame.front.value !== null) return
      const act = plainOf(event, workspace, frame)
      if (act === undefined) return
      event.preventDefault()
      act()
    }
    addEventListener("keydown", onFirst, true)
    addEventListener("keydown", onLast)
    return () => {
      removeEventListener("keydown", onFirst, true)
      removeEventListener("keydown", onLast)
    }
  }, [workspace, frame])
}

/** What a key with Control, Command or Alt does; undefined leaves it to the browser. */
function commandOf(event: KeyboardEvent, frame: Frame): (() => void) | undefined {
  const { key, altKey, shiftKey } = event
  const isCommand = event.ctrlKey || event.metaKey
  const letter = key.toLowerCase()
  if (isCommand && !altKey && !shiftKey && letter === "k")
    return () => (frame.front.value === "palette" ? frame.closeFront() : frame.show("palette"))
  if (frame.front.value !== null) return undefined
  if (isCommand && shiftKey && letter === "m") return frame.toggleMembers
  if (isCommand && shiftKey && letter === "f") return () => toSearch(frame)
  if (altKey && !isCommand && (key === "ArrowUp" || key === "ArrowDown"))
    return () => step(key === "ArrowDown" ? 1 : -1, shiftKey)
  return undefined
}

/** What a key alone does here and now; undefined leaves it to the browser. */
function plainOf(event: KeyboardEvent, workspace: Workspace, frame: Frame): (() => void) | undefined {
  const { key } = event
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined
  if (key === "?" && !isTyping(event.target)) return () => frame.show("help")
  if (key === "Escape") return stepBack(workspace, frame)
  return undefined
}

/** Closes what lies over the room, else goes back to where one writes. */
function stepBack(workspace: Workspace, frame: Frame): (() => void) | undefined {
  if (frame.isListOpen.value) return frame.closeList
  const { activeElement } = document
  if (frame.areMembersOpen.value && (activeElement === document.body || activeElement?.closest(".panel")))
    return () => {
      frame.closeMembers()
      toComposer()
    }
  if (workspace.client.user.get() === null || isTyping(activeElement)) return undefined
  return toComposer
}

export const toComposer = (): void => document.getElementById("composer")?.focus()

function toSearch(frame: Frame): void {
  frame.openList()
  document.getElementById("find")?.focus()
}

/** To the room above or below in the list, or to the next one there that has something new. */
function step(by: 1 | -1, isUnreadOnly: boolean): void {
  const links = roomLinks()
  const at = links.findIndex((link) => link.getAttribute("aria-current") === "page")
  for (let count = 1; count <= links.length; count++) {
    const index = at < 0 && by < 0 ? links.length - count : at + by * count
    const link = links[((index % links.length) + links.length) % links.length]
    if (link === undefined || (isUnreadOnly && !link.classList.contains("is-unread"))) continue
    link.click()
    return
  }
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input, textarea, [contenteditable]") !== null
}
