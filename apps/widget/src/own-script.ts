/** The part of a `<script>` that is needed. */
export interface ScriptTag {
  readonly src: string
}

const served = Symbol.for("klatch.served")

/** The addresses that an error's stack names, the outermost last: a module has no other way to ask for its own. */
export function addressesIn(stack: string | undefined): string[] {
  return (stack ?? "").match(/https?:\/\/\S+?(?=:\d+:\d+)/g) ?? []
}

/**
 * The scripts that a module was run for: those of its own address, since it runs once for all of them. A module that
 * was led elsewhere, or finds no stack, takes all that bear our name. Never one that was taken before.
 */
export function ownScripts<S extends ScriptTag>(all: Iterable<S>, addresses: readonly string[]): S[] {
  const left = [...all].filter((script) => !isServed(script))
  const own = left.filter(({ src }) => addresses.includes(src))
  return own.length > 0 ? own : left.filter(({ src }) => URL.parse(src)?.pathname.endsWith("/widget.js"))
}

/** Takes a script, over all copies of our code in the page; false when it was taken before. */
export function takeScript(script: ScriptTag): boolean {
  if (isServed(script)) return false
  Object.defineProperty(script, served, { value: true })
  return true
}

const isServed = (script: ScriptTag): boolean => Object.hasOwn(script, served)
