/**
 * Up and down go from message to message. From the log itself, up begins at the lowest one in view; down from the last
 * one goes back to writing. Answers whether the key was taken.
 */
export function moveFocus(box: HTMLElement, event: KeyboardEvent): boolean {
  const by = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0
  const target = event.target as HTMLElement
  const isHere = target === box || target.matches("article")
  if (by === 0 || !isHere || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return false
  const lines = [...box.querySelectorAll("article")]
  const at = lines.indexOf(target)
  const next = at < 0 ? lowestInView(box, lines) : lines[at + by]
  if (next === undefined && by < 0) return false
  if (next === undefined) document.getElementById("composer")?.focus()
  else focusLine(next)
  return true
}

function focusLine(line: HTMLElement): void {
  // The browser would put it into the middle.
  line.focus({ preventScroll: true })
  line.scrollIntoView({ block: "nearest" })
}

function lowestInView(box: HTMLElement, lines: readonly HTMLElement[]): HTMLElement | undefined {
  const endPx = box.getBoundingClientRect().bottom + 1
  return lines.findLast((line) => line.getBoundingClientRect().bottom <= endPx) ?? lines.at(-1)
}
