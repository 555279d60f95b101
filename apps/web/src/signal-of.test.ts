import { expect, test } from "bun:test"
import type { Room, TimelineMessage, TimelineState } from "@klatch/client"
import { until } from "../../../tests/harness/until.ts"
import { timelineOf } from "./signal-of.ts"

/** A room of which only the messages are looked at. */
class FakeRoom {
  state: TimelineState = { status: "ready", messages: [], hasOlder: false, hasNewer: false, head: 0 }
  #listener = () => {}
  readonly messages = {
    get: () => this.state,
    subscribe: (listener: () => void) => {
      this.#listener = listener
      return () => {}
    },
  }

  add(content: string, delivery: TimelineMessage["delivery"] = "sent"): void {
    const message = { content, delivery, message_id: this.state.messages.length + 1 } as TimelineMessage
    this.change({ messages: [...this.state.messages, message] })
  }

  change(part: Partial<TimelineState>): void {
    this.state = { ...this.state, ...part }
    this.#listener()
  }
}

function shown() {
  const room = new FakeRoom()
  const timeline = timelineOf(room as unknown as Room)
  let drawn = 0
  timeline.subscribe(() => drawn++)
  return {
    room,
    contents: () => timeline.value.messages.map((one) => one.content).join(""),
    drawn: () => drawn,
  }
}

test("of a stream the first message is shown at once, the others together, and none is left out", async () => {
  const { room, contents, drawn } = shown()
  room.add("a")
  expect(contents()).toBe("a")
  const before = drawn()
  for (const content of "bcdefgh") room.add(content)
  expect([contents(), drawn()]).toEqual(["a", before])
  await until("the rest", () => contents() === "abcdefgh")
  expect(drawn()).toBe(before + 1)
})

test("what one says, what failed, and what is no message is shown at once, with all that waited", () => {
  const { room, contents } = shown()
  for (const content of "abc") room.add(content)
  room.add("mine", "sending")
  expect(contents()).toBe("abcmine")
  room.change({ messages: room.state.messages.map((one) => ({ ...one, delivery: "sent" })) })
  room.add("d")
  room.change({ status: "stale" })
  expect(contents()).toBe("abcmined")
  room.change({ messages: room.state.messages.slice(1) })
  expect(contents()).toBe("bcmined")
})
