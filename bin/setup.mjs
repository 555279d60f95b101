import { pathToFileURL } from "node:url"
import { findBun } from "./bun.mjs"
import { installDependencies, isStamped } from "./dependencies.mjs"
import { launch, SetupError } from "./root.mjs"

/**
 * Brings a checkout to where its code can run, and answers the path of Bun; does nothing when nothing is left to do.
 * `needs` says what must be there: "production" for the server, "all" for tests and tools. What is missing is
 * installed to the extent of `installs`, so that on a workstation one install serves every command.
 * Fails with a SetupError: a sentence for a person.
 */
export async function setUp({ needs = "all", installs = "all" } = {}) {
  let bun = isStamped(needs) ? findBun() : {}
  if (!bun.path) {
    await installDependencies({ needs, installs, isWhole: () => findBun().path !== undefined })
    bun = findBun()
  }
  if (!bun.path) throw new SetupError(`${bun.fault}.`)
  return bun.path
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const production = process.argv.includes("--production")
  launch(async () => {
    await setUp(production ? { needs: "production", installs: "production" } : {})
    return 0
  })
}
