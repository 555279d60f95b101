/** Something to jump to or to do. */
export interface PaletteItem {
  readonly id: string
  readonly label: string
  /** What it is found by besides its label. */
  readonly more?: string
}

/**
 * How well a text fits what is typed, 0 for not at all: the beginning of the whole is better than the beginning of a
 * word, that better than a part of one, and that better than letters in their order.
 */
export function fit(text: string, typed: string): number {
  const [whole, query] = [text.toLowerCase(), typed.toLowerCase().trim()]
  if (query === "") return 1
  const at = whole.indexOf(query)
  if (at === 0) return 4
  if (at > 0) return /[\s._-]/.test(whole[at - 1] as string) ? 3 : 2
  let from = 0
  for (const letter of query.replace(/\s/g, "")) {
    from = whole.indexOf(letter, from) + 1
    if (from === 0) return 0
  }
  return 1
}

/** Those that fit, the best first; equals stay in their order. At most `max`. */
export function best<T extends PaletteItem>(items: readonly T[], typed: string, max: number): T[] {
  const fits = items.map((item) => ({
    item,
    how: Math.max(fit(item.label, typed), item.more === undefined ? 0 : fit(item.more, typed) - 0.5),
  }))
  return fits
    .filter(({ how }) => how > 0)
    .sort((a, b) => b.how - a.how)
    .slice(0, max)
    .map(({ item }) => item)
}
