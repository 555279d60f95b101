import type { Principal } from "../../auth/principal.ts"
import type { LogRoom } from "../../log/entry.ts"

/** How often a connection may say that it is still typing. */
export const TYPING_PERIOD_MS = 1_000

/** The event that tells others. */
export const typingEvent = (principal: Principal, room: LogRoom, active: boolean): string =>
  JSON.stringify({
    type: "typing",
    room_id: room.id,
    user_id: principal.user.id,
    from: principal.user.username,
    active,
  })

/** Whether to pass it on: stopping always, going on at most once a period. */
export const shouldTell = (active: boolean, lastToldMs: number, nowMs: number): boolean =>
  !active || nowMs - lastToldMs >= TYPING_PERIOD_MS
