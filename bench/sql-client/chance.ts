/** A whole number in [0, below). `below` must be at least 1. */
export type Chance = (below: number) => number

/** SplitMix32: one seed, one order of faults, so that a run can be repeated. */
export function seededChance(seed: number): Chance {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return Math.floor((((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32) * below)
  }
}
