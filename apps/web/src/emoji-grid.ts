/** Where an arrow key leads from one of the buttons of a grid; null when the key is not for it, or there is none. */
export function gridStep(
  buttons: readonly HTMLElement[],
  from: HTMLElement | null,
  key: string,
): HTMLElement | null {
  const at = from === null ? -1 : buttons.indexOf(from)
  const here = buttons[at]
  if (here === undefined) return key === "ArrowDown" ? (buttons[0] ?? null) : null
  switch (key) {
    case "ArrowRight":
      return buttons[at + 1] ?? null
    case "ArrowLeft":
      return buttons[at - 1] ?? null
    case "Home":
      return buttons[0] ?? null
    case "End":
      return buttons.at(-1) ?? null
    case "ArrowDown":
      return nearest(here, buttons.slice(at + 1), 1)
    case "ArrowUp":
      return nearest(here, buttons.slice(0, at).reverse(), -1)
    default:
      return null
  }
}

/** In the next row that way, the one that stands nearest to the column. Rows may be short: groups end within one. */
function nearest(here: HTMLElement, others: readonly HTMLElement[], by: 1 | -1): HTMLElement | null {
  const { top, left } = here.getBoundingClientRect()
  let best: { button: HTMLElement; top: number; offPx: number } | null = null
  for (const button of others) {
    const place = button.getBoundingClientRect()
    if ((place.top - top) * by < 1) continue
    if (best !== null && (place.top - best.top) * by > 1) break
    const offPx = Math.abs(place.left - left)
    if (best === null || offPx < best.offPx) best = { button, top: place.top, offPx }
  }
  return best?.button ?? null
}
