import fc from "fast-check"

/**
 * Properties begin at the same seed every time, so that a run on the same code ends the same way. `npm run fuzz` runs
 * them from new seeds; what it finds becomes an example in its test.
 */
fc.configureGlobal({ seed: Number(process.env.TEST_SEED ?? 20_261_121) })
