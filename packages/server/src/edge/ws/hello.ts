import { publicLimits, type User } from "@klatch/protocol"

const helloLimits = JSON.stringify(publicLimits)

/** The first frame, written by hand around what is the same for all: connecting is a rush, and garbage stays. */
export function helloOf(sessionId: string, user: User, heartbeatMs: number, nowMs: number): string {
  const time = new Date(nowMs).toISOString()
  return (
    `{"type":"hello","session_id":"${sessionId}","user":${JSON.stringify(user)},` +
    `"heartbeat_ms":${heartbeatMs},"server_time":"${time}","limits":${helloLimits}}`
  )
}
