import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { BoundedQueue } from "./bounded-queue.ts"

describe("a bounded queue", () => {
  test("behaves as a plain array that refuses at its bound", () => {
    const commands = fc.array(fc.constantFrom("push", "push", "shift", "peek"), { maxLength: 200 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), commands, (countMax, commands) => {
        const queue = new BoundedQueue<number>(countMax)
        const model: number[] = []
        for (const [n, command] of commands.entries()) {
          if (command === "push") {
            expect(queue.push(n)).toBe(model.length < countMax)
            if (model.length < countMax) model.push(n)
          } else if (command === "shift") expect(queue.shift()).toBe(model.shift())
          else expect(queue.peek()).toBe(model[0])
          expect(queue.count).toBe(model.length)
        }
      }),
    )
  })

  test("keeps its order while it gives back the memory of what was taken", () => {
    const queue = new BoundedQueue<number>(3_000)
    let pushed = 0
    let taken = 0
    for (let round = 0; round < 6; round++) {
      while (queue.push(pushed)) pushed++
      expect(queue.count).toBe(3_000)
      for (let i = 0; i < 2_900; i++) expect(queue.shift()).toBe(taken++)
    }
    while (queue.count > 0) expect(queue.shift()).toBe(taken++)
    expect(taken).toBe(pushed)
    expect([queue.shift(), queue.peek()]).toEqual([undefined, undefined])
  })

  test("with room for none is a mistake of ours", () => {
    expect(() => new BoundedQueue(0)).toThrow("room for one")
  })
})
