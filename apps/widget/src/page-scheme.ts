/**
 * Calls `fn` with whether the page leaves it to the system which scheme is used, now and at each change. A page that
 * says `color-scheme` is followed by inheritance; one that does not would else always count as light.
 */
export function onPageScheme(element: Element, fn: (isSystems: boolean) => void): () => void {
  const look = () => fn(getComputedStyle(element).colorScheme === "normal")
  // Pages switch by a class or an attribute of one of these, or by a meta element.
  const observer = new MutationObserver(look)
  const { documentElement, body, head } = document
  observer.observe(documentElement, { attributes: true })
  if (body) observer.observe(body, { attributes: true })
  if (head) observer.observe(head, { childList: true, attributes: true, subtree: true })
  look()
  return () => observer.disconnect()
}
