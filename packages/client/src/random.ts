/** Chance, passed in so that one seed replays a run: a float in [0, 1). */
export type Random = () => number

/** The machine's own randomness. */
export const systemRandom: Random = Math.random
