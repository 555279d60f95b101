import type { Html } from "./html.ts"

/** A chapter of the page. */
export interface Section {
  readonly id: string
  readonly title: string
  readonly lead: Html
  readonly entries: readonly Entry[]
}

/** One thing that can be looked up. */
export interface Entry {
  readonly id: string
  /** As the table of contents shows it. */
  readonly label: Html
  readonly heading: Html
  readonly body: Html
}
