import text from "./widget.css" with { type: "text" }

let made: CSSStyleSheet | undefined

/**
 * The style as a constructed sheet, one for all widgets of a page: no policy of the page forbids those, while a
 * `<style>` needs `style-src`.
 */
export function styleSheet(): CSSStyleSheet {
  if (made === undefined) {
    made = new CSSStyleSheet()
    made.replaceSync(text)
  }
  return made
}
