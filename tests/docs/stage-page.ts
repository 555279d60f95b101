/** What a page under test may ask of the world around it; put there by whoever runs it. */
interface World {
  docsAct?: (verb: string, what: string) => Promise<string | undefined>
  docsEnd?: () => void
}

const world = globalThis as World

/** What the code of a page has printed, and what is waited for. */
class Printed {
  #lines: string[] = []
  #check: () => void = () => {}

  /** In place of `console.log`, in the code of a page. */
  print(...words: unknown[]): void {
    const lines = words.map(String).join(" ").split("\n")
    this.#lines.push(...lines)
    for (const line of lines) console.log(line)
    this.#check()
  }

  /** Resolves once the last lines are those that the page shows; what was printed before is then done with. */
  async shown(lines: readonly string[], where: string): Promise<void> {
    const wanted = patternOf(lines.join("\n"))
    await this.#until(() => wanted.test(this.#lines.slice(-lines.length).join("\n")), where, lines)
    this.#lines = []
  }

  /** Resolves once a line like this is among those printed since the last that were shown. */
  async told(line: string, where: string): Promise<void> {
    const wanted = patternOf(line)
    await this.#until(() => this.#lines.some((printed) => wanted.test(printed)), where, [line])
  }

  async #until(isTrue: () => boolean, where: string, lines: readonly string[]): Promise<void> {
    console.log(`-- ${where} shows ${JSON.stringify(lines)}`)
    await new Promise<void>((resolve) => {
      this.#check = () => {
        if (isTrue()) resolve()
      }
      this.#check()
    })
    this.#check = () => {}
  }
}

/** A text in which "…" is whatever stands in a line there. */
function patternOf(text: string): RegExp {
  const parts = text.split("…").map((part) => part.replace(/[^\w\s]/g, "\\$&"))
  return new RegExp(`^${parts.join(".*")}$`)
}

export const printed = new Printed()

/** Has the world do something to the page, or see it; answers what there is to say of it. */
export async function act(verb: string, what: string): Promise<string | undefined> {
  if (!world.docsAct) throw new Error(`nobody can "${verb}" here`)
  return world.docsAct(verb, what)
}

/** The page is through. */
export function end(): void {
  console.log("-- end")
  if (world.docsEnd) world.docsEnd()
  else process.exit(0)
}
