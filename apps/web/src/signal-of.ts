import type { Client, Readable, Room, RoomListState, TimelineState } from "@klatch/client"
import { type ReadonlySignal, signal } from "@preact/signals"

const signals = new WeakMap<object, ReadonlySignal<unknown>>()

/** While much comes in, it is drawn this often: more than anyone reads, and what one types stays at hand. */
const restMs = 50

/** The signal of a readable: always the same one, so that components may ask anew. Lives as long as the readable. */
export const signalOf = <T>(readable: Readable<T>): ReadonlySignal<T> => kept(readable, () => false)

/** The same of a room's messages. Of a stream of others' the first is shown at once, the next ones together. */
export const timelineOf = (room: Room): ReadonlySignal<TimelineState> => kept(room.messages, isStream)

/** The same of my rooms, whose counts may come a little later. */
export const roomsOf = (client: Client): ReadonlySignal<RoomListState> =>
  kept(client.rooms, (before, after) => before.status === after.status)

function kept<T>(readable: Readable<T>, mayWait: (before: T, after: T) => boolean): ReadonlySignal<T> {
  const known = signals.get(readable)
  if (known !== undefined) return known as ReadonlySignal<T>
  const made = signal(readable.get())
  let resting: ReturnType<typeof setTimeout> | undefined
  const rest = () => {
    resting = undefined
    if (made.peek() === readable.get()) return
    made.value = readable.get()
    resting = setTimeout(rest, restMs)
  }
  readable.subscribe(() => {
    if (resting !== undefined && mayWait(made.peek(), readable.get())) return
    clearTimeout(resting)
    made.value = readable.get()
    resting = setTimeout(rest, restMs)
  })
  signals.set(readable, made)
  return made
}

/** Whether no more happened than that others said something: nothing of ours, nothing in front, no other state. */
function isStream(before: TimelineState, after: TimelineState): boolean {
  const [last, lastNow] = [before.messages.at(-1), after.messages.at(-1)]
  return (
    before.status === after.status &&
    before.hasOlder === after.hasOlder &&
    before.hasNewer === after.hasNewer &&
    before.messages[0]?.message_id === after.messages[0]?.message_id &&
    last?.delivery === "sent" &&
    lastNow?.delivery === "sent" &&
    after.messages.length > before.messages.length
  )
}
