/** What a JSON pointer of a document (`#/a/b`) leads to; undefined when it leads nowhere. */
export function pointed(document: unknown, ref: string): unknown {
  if (!ref.startsWith("#/")) return undefined
  return ref
    .slice(2)
    .split("/")
    .map((step) => decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce<unknown>(
      (at, step) =>
        typeof at === "object" && at !== null && Object.hasOwn(at, step) ? Reflect.get(at, step) : undefined,
      document,
    )
}

/** Every `$ref` of a document that leads nowhere. */
export function faultyRefs(document: unknown): string[] {
  return refsOf(document).filter((ref) => pointed(document, ref) === undefined)
}

function refsOf(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return []
  return Object.entries(value).flatMap(([key, item]) =>
    key === "$ref" && typeof item === "string" ? [item] : refsOf(item),
  )
}
