// Imported first by every launcher, so that an old Node meets this sentence before anything it cannot do.
import { dirname } from "node:path"
import { fileURLToPath } from "node:url"

const nodeMajorMin = 20
if (Number(process.versions.node.split(".")[0]) < nodeMajorMin) {
  console.error(`Klatch needs Node ${nodeMajorMin} or newer; this is ${process.version}.`)
  process.exit(1)
}

/** The directory of the checkout. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** A fault whose message is meant for the person at the terminal: shown as it stands, without a stack. */
export class SetupError extends Error {
  name = "SetupError"
}

/** Runs a launcher's `main` and ends the process with the code it answers; a SetupError is one sentence and code 1. */
export function launch(main) {
  main().then(
    (code) => process.exit(code),
    (error) => {
      console.error(error instanceof SetupError ? `klatch: ${error.message}` : error)
      process.exit(1)
    },
  )
}
