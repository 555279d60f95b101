import { useEffect } from "preact/hooks"
import { words } from "./words.ts"

/** More than this many are not told apart. */
export const countMax = 99

/** A count as it is shown. */
export const countLabel = (count: number): string => (count > countMax ? `${countMax}+` : String(count))

/** The tab's title and its picture tell how many messages wait. */
export function useTabCount(title: string, count: number): void {
  useEffect(() => {
    const name = title === words.product ? title : `${title} · ${words.product}`
    document.title = count === 0 ? name : `(${countLabel(count)}) ${name}`
  }, [title, count])
  useEffect(() => {
    const link = document.querySelector<HTMLLinkElement>("link[rel=icon]")
    if (link === null) return
    link.dataset.plain ??= link.href
    link.href = count === 0 ? link.dataset.plain : countIcon(count)
  }, [count])
}

/** The product's mark with a count on it, as an image in an address: the page's policy lets no other one in. */
function countIcon(count: number): string {
  const label = count > 9 ? "9+" : String(count)
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">` +
    `<path fill="#0f6b57" d="M10 2h12a8 8 0 0 1 8 8v9a8 8 0 0 1-8 8h-9.5L5.4 30.6A1.5 1.5 0 0 1 3 29.4V25` +
    `a8 8 0 0 1-1-4V10a8 8 0 0 1 8-8z"/>` +
    `<rect x="8" y="9" width="24" height="21" rx="8" fill="#b3261e" stroke="#fff" stroke-width="2"/>` +
    `<text x="20" y="25" font-family="sans-serif" font-size="16" font-weight="700" text-anchor="middle" ` +
    `fill="#fff">${label}</text></svg>`
  return `data:image/svg+xml,${encodeURIComponent(svg)}`
}
