import type { User } from "@klatch/protocol"
import { backoffMs } from "./backoff.ts"
import { shouldComeBack, tooFastCode } from "./contract.ts"
import { KlatchError, type KlatchErrorCode } from "./error.ts"
import { lateText } from "./patience.ts"
import type { Random } from "./random.ts"

/** How the connection stands, for people to see. */
export interface ConnectionState {
  readonly phase: "idle" | "connecting" | "open" | "waiting" | "closed"
  /** Failed tries in a row; 0 again once a connection has held for some seconds. */
  readonly attempt: number
  /** While waiting: when the next try is made, in ms since the Unix epoch. */
  readonly retryAtMs?: number
  /** Why the last connection ended, or why no more are tried. */
  readonly lastError?: KlatchError
  readonly user?: User
}

/** `greeting`: the socket is open, the server's hello is still to come. */
export type Phase = "idle" | "dialing" | "greeting" | "open" | "waiting" | "closed"

/** The state of the table below. */
export interface LinkState {
  readonly phase: Phase
  readonly attempt: number
  readonly retryAtMs?: number
  readonly lastError?: KlatchError
  readonly user?: User
  /** The server is going away: leave it then, in ms since the Unix epoch. */
  readonly drainAtMs?: number
}

interface Inputs {
  /** The application wants a connection. */
  connect: object
  /** The application wants none. */
  close: object
  /** The socket is open. */
  opened: object
  /** The server greeted us: frames may be sent. */
  hello: { readonly user: User }
  /** The socket ended, or could not be opened; `error`: since we could not say who we are. */
  lost: { readonly code: number; readonly reason: string; readonly error?: KlatchError | undefined }
  /** The server refused us before the upgrade, and will again. */
  refused: { readonly error: KlatchError }
  /** Nothing came in time: no hello, or no heartbeat. */
  silent: object
  /** The server asks us to leave after a while. */
  drain: { readonly afterMs: number }
  /** The scheduled time has come. */
  due: object
  /** The network came back, or the page was looked at again. */
  online: object
  /** The connection has held for some seconds. */
  steady: object
}

export type InputType = keyof Inputs
export type Input = { [T in InputType]: { readonly type: T } & Inputs[T] }[InputType]

/** What the driver (`link.ts`) must do after a step, in order. */
export type Effect =
  | { readonly do: "dial" }
  | { readonly do: "hang_up" }
  | { readonly do: "schedule"; readonly delayMs: number }
  | { readonly do: "tell_up" }
  | { readonly do: "tell_down" }
  | { readonly do: "tell_end"; readonly error: KlatchError }
  | { readonly do: "probe" }

/** What a step may know of the world. */
export interface Moment {
  readonly nowMs: number
  readonly random: Random
}

export type Step = readonly [LinkState, readonly Effect[]]
type Cell<T extends InputType> = (state: LinkState, input: Inputs[T], at: Moment) => Step
/** A phase's answers; it must say which inputs change nothing. */
type Row<Stay extends InputType> = { readonly [T in Exclude<InputType, Stay>]: Cell<T> }
type Table = { readonly [P in Phase]: { readonly [T in InputType]?: Cell<T> } }

/** A close with 4429 is not followed by a try within this time. */
const tooFastMs = 1_000
/** Where there was no token to be had it is asked for at most this often; twice as late each time till then. */
const tokenRestMs = 60_000

const stay = (state: LinkState): Step => [state, []]

const dial = (state: LinkState, attempt: number): Step => [
  { phase: "dialing", attempt, ...kept(state) },
  [{ do: "dial" }],
]

const end = (state: LinkState, error: KlatchError, before: readonly Effect[]): Step => [
  { phase: "closed", attempt: 0, ...kept(state), lastError: error },
  [...before, { do: "tell_end", error }],
]

/** What is told of an end that the application wanted. */
export const closedError = () => new KlatchError("closed", "The connection was closed.")

const closeByUs = (state: LinkState): Step =>
  end(state, closedError(), [
    { do: "hang_up" },
    ...(state.phase === "open" ? [{ do: "tell_down" } as const] : []),
  ])

/** Waits, then tries again: as long as the server asked, else with full jitter. */
function comeBack(state: LinkState, error: KlatchError, at: Moment, floorMs = 0): Step {
  const delayMs = Math.round(
    state.drainAtMs === undefined
      ? backoffMs(state.attempt, at.random, floorMs)
      : Math.max(0, state.drainAtMs - at.nowMs),
  )
  return [
    {
      phase: "waiting",
      attempt: state.attempt + 1,
      retryAtMs: at.nowMs + delayMs,
      ...kept(state),
      lastError: error,
    },
    [
      { do: "hang_up" },
      ...(state.phase === "open" ? [{ do: "tell_down" } as const] : []),
      { do: "schedule", delayMs },
    ],
  ]
}

/** What of a close code an application must know: that it is to sign in again, and that it is shut out. */
const closeCodes: Readonly<Record<number, KlatchErrorCode>> = { 4401: "unauthorized", 4503: "forbidden" }

const lost: Cell<"lost"> = (state, { code, reason, error: known }, at) => {
  if (known) return comeBack(state, known, at, Math.min(tokenRestMs, tooFastMs * 2 ** state.attempt))
  const error = new KlatchError(closeCodes[code] ?? "closed", reason || `The connection was lost (${code}).`)
  if (shouldComeBack(code)) return comeBack(state, error, at, code === tooFastCode ? tooFastMs : 0)
  return end(state, error, state.phase === "open" ? [{ do: "tell_down" }] : [])
}

const silent: Cell<"silent"> = (state, _input, at) =>
  comeBack(state, new KlatchError("timeout", lateText), at)

const refused: Cell<"refused"> = (state, { error }) => end(state, error, [{ do: "hang_up" }])

const greeted: Cell<"hello"> = (state, { user }) => [
  { phase: "open", attempt: state.attempt, user },
  [{ do: "tell_up" }],
]

const drain: Cell<"drain"> = (state, { afterMs }, at) => [
  { ...state, drainAtMs: at.nowMs + afterMs },
  [{ do: "schedule", delayMs: afterMs }],
]

/** The server is about to go, and we were asked to be elsewhere by now. */
const moveOn = (state: LinkState): Step => [
  { phase: "dialing", attempt: state.attempt, ...kept(state) },
  [{ do: "hang_up" }, { do: "tell_down" }, { do: "dial" }],
]

const dialNow = (state: LinkState): Step => dial(state, state.attempt)
const dialAnew = (state: LinkState): Step => dial(state, 0)

/** Every phase answers every input; a cell that is neither there nor named as staying is a type error. */
const table = {
  idle: {
    connect: dialAnew,
  } satisfies Row<
    "close" | "opened" | "hello" | "lost" | "refused" | "silent" | "drain" | "due" | "online" | "steady"
  >,
  dialing: {
    close: closeByUs,
    opened: (state) => [{ ...state, phase: "greeting" }, []],
    lost,
    refused,
    silent,
  } satisfies Row<"connect" | "hello" | "drain" | "due" | "online" | "steady">,
  greeting: {
    close: closeByUs,
    hello: greeted,
    lost,
    refused,
    silent,
  } satisfies Row<"connect" | "opened" | "drain" | "due" | "online" | "steady">,
  open: {
    close: closeByUs,
    hello: (state, { user }) => [{ ...state, user }, []],
    lost,
    silent,
    drain,
    due: moveOn,
    online: (state) => [state, [{ do: "probe" }]],
    steady: (state) => [state.attempt === 0 ? state : { ...state, attempt: 0 }, []],
  } satisfies Row<"connect" | "opened" | "refused">,
  waiting: {
    connect: dialNow,
    close: closeByUs,
    due: dialNow,
    online: dialNow,
  } satisfies Row<"opened" | "hello" | "lost" | "refused" | "silent" | "drain" | "steady">,
  closed: {
    connect: dialAnew,
  } satisfies Row<
    "close" | "opened" | "hello" | "lost" | "refused" | "silent" | "drain" | "due" | "online" | "steady"
  >,
}

/** Where every connection begins. */
export const firstState: LinkState = { phase: "idle", attempt: 0 }

/** One step of the table. Total: it answers every input in every phase, and never throws. */
export function step(state: LinkState, input: Input, at: Moment): Step {
  const row: Table[Phase] = table[state.phase]
  const cell = (row[input.type] ?? stay) as (state: LinkState, input: Input, at: Moment) => Step
  return cell(state, input, at)
}

/** The state as the application sees it. */
export function published(state: LinkState): ConnectionState {
  const { phase, drainAtMs: _drainAtMs, ...rest } = state
  return { ...rest, phase: phase === "dialing" || phase === "greeting" ? "connecting" : phase }
}

const kept = ({ user, lastError }: LinkState) => ({
  ...(user && { user }),
  ...(lastError && { lastError }),
})
