/** What the network does to one frame. Delays of different frames may overtake each other. */
export interface Faults {
  /** How many times a frame arrives: 0 is lost, 2 is doubled. */
  copies(): number
  delayMs(): number
}

export const noFaults: Faults = { copies: () => 1, delayMs: () => 5 }
