/** Everything a run in the browser can vary; kept with its results. Names end in their units and bounds. */
export interface Settings {
  rounds: number
  /** Messages in the large room, and in the small one that stands beside it. */
  largeRoom: number
  smallRoom: number
  /** How long the network is held back, to see what comes before it. */
  holdMs: number
  scroll: {
    /** Older messages are loaded until so many are held; the client's own bound may come first. */
    loadedMax: number
    /** Scrolled a frame: less than the log is high, so that a line can be followed from one to the next. */
    stepPx: number
  }
  typing: { characters: number; perSec: number; messagesPerSec: number; warmMs: number }
}

/** A measurement: some ten minutes. */
export const full: Settings = {
  rounds: 5,
  largeRoom: 100_000,
  smallRoom: 50,
  holdMs: 2_000,
  scroll: { loadedMax: 10_000, stepPx: 480 },
  typing: { characters: 200, perSec: 10, messagesPerSec: 100, warmMs: 2_000 },
}

/** A smoke of everything; its figures mean nothing. */
export const quick: Settings = {
  rounds: 1,
  largeRoom: 2_000,
  smallRoom: 50,
  holdMs: 500,
  scroll: { loadedMax: 400, stepPx: 480 },
  typing: { characters: 40, perSec: 10, messagesPerSec: 100, warmMs: 500 },
}
