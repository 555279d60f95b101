import { expect, test } from "bun:test"
import { looked, markAt, putAway, type UnreadMark } from "./room-pane-unread.ts"

/** A look at a room whose newest message, of someone else, has this id. */
const at = (mark: UnreadMark, newestId: number, isHere = true) =>
  looked(mark, { newestId, isHere, hasNews: (afterId) => newestId > afterId })

test("what came before the room was opened stands below the line, and what comes then does not move it", () => {
  const opened = at(at(markAt(5), 5, false), 8)
  expect(opened).toMatchObject({ afterId: 5, stands: true })
  expect(at(opened, 9)).toMatchObject({ afterId: 5, stands: true })
})

test("what comes while one looks has no line", () => {
  let mark = at(markAt(5), 5)
  for (const newestId of [6, 7, 9]) {
    mark = at(mark, newestId)
    expect(mark).toMatchObject({ afterId: newestId, stands: false })
  }
})

test("what comes while the page is put away, or the connection gone, stands below the line", () => {
  const seen = at(at(markAt(5), 5), 6)
  expect(at(at(putAway(seen), 8, false), 8)).toMatchObject({ afterId: 6, stands: true })
  expect(at(at(seen, 6, false), 8)).toMatchObject({ afterId: 6, stands: true })
  expect(at(putAway(seen), 6)).toMatchObject({ afterId: 6, stands: false })
})

test("the next absence has a line of its own", () => {
  const back = at(putAway(at(markAt(5), 5)), 8)
  expect(back).toMatchObject({ afterId: 5, stands: true })
  expect(at(putAway(at(back, 9)), 12)).toMatchObject({ afterId: 9, stands: true })
})

test("a room that was never read has no line, until one was there", () => {
  const first = at(markAt(0), 8)
  expect(first).toMatchObject({ afterId: 8, stands: false })
  expect(at(putAway(first), 9)).toMatchObject({ afterId: 8, stands: true })
})
