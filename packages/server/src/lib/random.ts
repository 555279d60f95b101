/** Randomness, passed in so that one seed replays a run exactly. */
export interface Random {
  /** A float in [0, 1). */
  float(): number
  /** Fills and returns `bytes`. */
  fill(bytes: Uint8Array): Uint8Array
}

/** The machine's own randomness. */
export const systemRandom: Random = {
  float: () => Math.random(),
  fill: (bytes) => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>),
}

/** Mulberry32: small, fast, repeatable. For tests and simulation, never for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const float = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  return {
    float,
    fill(bytes) {
      for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(float() * 256)
      return bytes
    },
  }
}

/** A whole number in [0, below). `below` must be at least 1. */
export const randomInt = (random: Random, below: number): number => Math.floor(random.float() * below)
