/** Makes a text field as high as what it holds; the style sets the least and the most. */
export function fitHeight(field: HTMLTextAreaElement): void {
  field.style.height = "auto"
  field.style.height = `${field.scrollHeight + field.offsetHeight - field.clientHeight}px`
}

/** Enter that means "done": not with Shift (a new line), and not the one that ends a composed character. */
export const isPlainEnter = (event: KeyboardEvent): boolean =>
  event.key === "Enter" && !event.shiftKey && !event.isComposing
