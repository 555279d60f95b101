import type { ConnectionState, KlatchError } from "@klatch/client"
import { Icon } from "./icon.tsx"
import { words } from "./words.ts"

/** Whether there is no connection and was a try to make one: the next tries change nothing in what is shown. */
export const isDown = ({ phase, attempt }: ConnectionState): boolean =>
  phase === "waiting" || (phase === "connecting" && attempt > 0)

/**
 * Says calmly that the connection is gone, and what becomes of what was written; after a moment only (by CSS), so
 * that a blink is not told.
 */
export function ConnectionNotice(props: { connection: ConnectionState; waitingCount: number }) {
  const { connection, waitingCount } = props
  return (
    <div class="notice-place" role="status" aria-live="polite">
      {isDown(connection) && (
        <div class="notice">
          <span class="notice-dot" aria-hidden="true" />
          {waitingCount === 0 ? words.connection.offline : words.connection.offlineWaiting(waitingCount)}
        </div>
      )}
    </div>
  )
}

/** In place of the room when the server does not want us back. */
export function ConnectionEnded(props: {
  error: KlatchError | undefined
  isSignedIn: boolean
  onAgain: () => void
  onLeave: () => void
}) {
  const { error, isSignedIn, onAgain, onLeave } = props
  const isBanned = error?.code === "forbidden"
  return (
    <main class="pane">
      <div class="state" role="alert">
        <span class="state-sign">
          <Icon name="alert" />
        </span>
        <h2>{isBanned ? words.connection.bannedTitle : words.connection.endedTitle}</h2>
        <p>{isBanned ? words.connection.banned : reasonOf(error)}</p>
        <div class="actions">
          {!isBanned && (
            <button type="button" class="button button-primary" onClick={onAgain}>
              {words.connection.again}
            </button>
          )}
          <button type="button" class="button" onClick={onLeave}>
            {isSignedIn ? words.signIn.signOut : words.name.change}
          </button>
        </div>
      </div>
    </main>
  )
}

/** In a sentence: a close code comes with a few words only. */
function reasonOf(error: KlatchError | undefined): string {
  if (error === undefined) return words.connection.ended
  return error.code === "closed" && /^[a-z]/.test(error.message)
    ? words.connection.endedWhy(error.message)
    : error.message
}
