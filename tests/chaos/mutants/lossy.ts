import { lossyPath } from "./lossy-path.ts"
import { startMutant } from "./start.ts"

// No mutant: what is lost on the way is found missing and read from the log.
await startMutant(() => ({ onCommitted: lossyPath() }))
