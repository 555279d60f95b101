/** Everything a run can vary; kept with its results. Names end in their units and bounds. */
export interface Settings {
  generators: number
  contentBytes: number
  connectInFlightMax: number
  warmMs: number
  drainMs: number
  /** How often a void run is tried again before it is published as void. */
  repeatsMax: number
  generatorCpuShareMax: number
  /** Of one core: what runs beside the measurement, the runner itself included. */
  othersCpuShareMax: number
  latenessP99MsMax: number
  fanOut: { rounds: number; connections: number; rooms: number; ratesPerSec: number[]; windowMs: number }
  lastReceiver: { rounds: number; receivers: number; ratePerSec: number; windowMs: number }
  idleMemory: { rounds: number; stepsConnections: number[]; perRoom: number; settleMs: number }
  acks: {
    rounds: number
    connections: number
    rooms: number
    windowsMax: number[]
    closedMs: number
    openRatePerSec: number
    openMs: number
  }
  coldStart: { rounds: number }
  reset: { rounds: number; connections: number; perRoom: number; burstPerRoom: number; timeoutMs: number }
}

/** A measurement: at most a quarter of an hour. */
export const full: Settings = {
  generators: 2,
  contentBytes: 100,
  connectInFlightMax: 200,
  warmMs: 1_500,
  drainMs: 3_000,
  repeatsMax: 2,
  generatorCpuShareMax: 0.9,
  othersCpuShareMax: 0.25,
  latenessP99MsMax: 20,
  fanOut: { rounds: 3, connections: 1_000, rooms: 10, ratesPerSec: [1_000, 2_000, 4_000], windowMs: 4_000 },
  lastReceiver: { rounds: 3, receivers: 100, ratePerSec: 1_000, windowMs: 5_000 },
  idleMemory: {
    rounds: 2,
    stepsConnections: [0, 3_000, 6_000, 9_000, 12_000, 15_000, 18_000],
    perRoom: 100,
    settleMs: 1_000,
  },
  acks: {
    rounds: 3,
    connections: 100,
    rooms: 50,
    windowsMax: [8, 16, 32, 64],
    closedMs: 3_000,
    openRatePerSec: 5_000,
    openMs: 5_000,
  },
  coldStart: { rounds: 5 },
  reset: { rounds: 3, connections: 5_000, perRoom: 100, burstPerRoom: 2, timeoutMs: 30_000 },
}

/** A smoke of everything with small numbers: shows that it works, measures nothing. */
export const quick: Settings = {
  ...full,
  warmMs: 300,
  drainMs: 1_000,
  repeatsMax: 0,
  fanOut: { rounds: 1, connections: 200, rooms: 10, ratesPerSec: [500, 1_000], windowMs: 1_000 },
  lastReceiver: { rounds: 1, receivers: 50, ratePerSec: 500, windowMs: 1_000 },
  idleMemory: { rounds: 1, stepsConnections: [0, 500, 1_000, 1_500], perRoom: 100, settleMs: 400 },
  acks: {
    rounds: 1,
    connections: 50,
    rooms: 25,
    windowsMax: [8, 32],
    closedMs: 1_000,
    openRatePerSec: 1_000,
    openMs: 1_000,
  },
  coldStart: { rounds: 1 },
  reset: { rounds: 1, connections: 300, perRoom: 50, burstPerRoom: 2, timeoutMs: 10_000 },
}
