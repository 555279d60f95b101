/** Something to jump to or to do. */
export interface PaletteItem {
  readonly id: string
  readonly label: string
  /** What it is found by besides its label. */
  readonly more?: string
  /** Made of what is typed, so that it always fits: it stands behind what was there before. */
  readonly isMade?: boolean
}

/**
 * How well a text fits what is typed, 0 for not at all: the beginning of the whole is better than the beginning of a
 * word, that better than a part of one, and that better than letters in their order.
 */
export function fitOf(text: string, typed: string): number {
  const [whole, query] = [text.toLowerCase(), typed.toLowerCase().trim()]
  if (query === "") return 1
  const at = whole.indexOf(query)
  if (at === 0) return 4
  if (at > 0) return /[^\p{L}\p{N}]/u.test(whole[at - 1] as string) ? 3 : 2
  let from = 0
  for (const letter of query.replace(/\s/g, "")) {
    from = whole.indexOf(letter, from) + 1
    if (from === 0) return 0
  }
  return 1
}

/** Less than anything that fits by itself. */
const madeFit = 0.1

/** Those that fit, the best first; equals stay in their order. At most `max`. */
export function best<T extends PaletteItem>(items: readonly T[], typed: string, max: number): T[] {
  const how = ({ label, more, isMade = false }: T) =>
    isMade ? madeFit : Math.max(fitOf(label, typed), more === undefined ? 0 : fitOf(more, typed) - 0.5)
  const fits = items.map((item) => ({ item, how: how(item) }))
  return fits
    .filter(({ how }) => how > 0)
    .sort((a, b) => b.how - a.how)
    .slice(0, max)
    .map(({ item }) => item)
}
