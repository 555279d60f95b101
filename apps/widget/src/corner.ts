import { type Signal, signal } from "@preact/signals"
import type { Position } from "./attribute.ts"

/** One widget among those of a page. */
export interface Seat {
  readonly position: Signal<Position>
  /** Whether its panel stands there. */
  readonly isOpen: Signal<boolean>
  /** How many launchers stand between it and the corner. */
  readonly place: Signal<number>
}

const seats: Seat[] = []

/** Launchers in one corner stand side by side, in the order in which they came. The result gives the place up. */
export function takeSeat(seat: Seat): () => void {
  seats.push(seat)
  arrangeSeats()
  return () => {
    seats.splice(seats.indexOf(seat), 1)
    arrangeSeats()
  }
}

/** To be called when one has moved to another corner. */
export function arrangeSeats(): void {
  for (const seat of seats) {
    const { value } = seat.position
    seat.place.value = seats
      .slice(0, seats.indexOf(seat))
      .filter((one) => one.position.peek() === value).length
  }
}

/** Panels of one corner would cover each other: the others close. */
export function closeOthers(seat: Seat): void {
  for (const one of seats)
    if (one !== seat && one.position.peek() === seat.position.peek()) one.isOpen.value = false
}

/** A seat before it is taken. */
export const newSeat = (position: Position, isOpen: Signal<boolean>): Seat => ({
  position: signal(position),
  isOpen,
  place: signal(0),
})
