/** What a page under test may ask of the world around it; put there by whoever runs it. */
interface World {
  docsAct?: (verb: string, what: string) => Promise<void>
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
    console.log(`-- ${where} shows ${JSON.stringify(lines)}`)
    await new Promise<void>((resolve) => {
      this.#check = () => {
        if (this.#lines.slice(-lines.length).join("\n") === lines.join("\n")) resolve()
      }
      this.#check()
    })
    this.#check = () => {}
    this.#lines = []
  }
}

export const printed = new Printed()

/** Has the world do something to the page, or see it. */
export async function act(verb: string, what: string): Promise<void> {
  if (!world.docsAct) throw new Error(`nobody can "${verb}" here`)
  await world.docsAct(verb, what)
}

/** The page is through. */
export function end(): void {
  console.log("-- end")
  if (world.docsEnd) world.docsEnd()
  else process.exit(0)
}
