import { effect, signal } from "@preact/signals"
import { keepTheme, keptTheme, onKeptTheme } from "./kept.ts"

export const themes = ["system", "light", "dark"] as const
/** `system` is what the device is set to, and follows it. */
export type Theme = (typeof themes)[number]

/** The theme chosen in this browser. */
export const theme = signal<Theme>(asTheme(keptTheme()))

/** Chooses a theme, here and in the other tabs. */
export function chooseTheme(next: Theme): void {
  theme.value = next
  keepTheme(next === "system" ? null : next)
}

/** The one after it, for a switch that goes round. */
export const themeAfter = (one: Theme): Theme => themes[(themes.indexOf(one) + 1) % themes.length] ?? "system"

/**
 * Puts the theme on the page, from now on. Called before anything is rendered: the style paints nothing until it
 * knows the theme, so that no one sees the other one first.
 */
export function followTheme(): void {
  onKeptTheme((kept) => {
    theme.value = asTheme(kept)
  })
  effect(() => {
    document.documentElement.dataset.theme = theme.value
    paintBrowserFrame(theme.value)
  })
}

function asTheme(kept: string | null): Theme {
  return themes.find((one) => one === kept) ?? "system"
}

/** The colour of a phone's status bar: the page holds one for each theme, and which of them counts is set here. */
function paintBrowserFrame(chosen: Theme): void {
  for (const meta of document.querySelectorAll<HTMLMetaElement>("meta[name=theme-color]")) {
    const own = meta.dataset.theme
    meta.media = chosen === "system" ? `(prefers-color-scheme: ${own})` : chosen === own ? "all" : "not all"
  }
}
