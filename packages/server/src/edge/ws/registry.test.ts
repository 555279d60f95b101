import { expect, test } from "bun:test"
import fc from "fast-check"
import { Registry } from "./registry.ts"
import { Session } from "./session.ts"

const sessionOf = (id: string) => {
  const user = { id, username: id, display_name: id }
  return new Session(
    { principal: { user }, mark: 0, roomRef: undefined, isAuto: false, isPlainText: false },
    1,
    0,
  )
}

test("knows every session there is, and each user's, through any comings and goings", () => {
  const users = ["ann", "bob", "eve"] as const
  const moves = fc.array(fc.tuple(fc.constantFrom(...users), fc.boolean(), fc.nat()), { maxLength: 60 })
  fc.assert(
    fc.property(moves, (moves) => {
      const registry = new Registry()
      const model: Session[] = []
      for (const [user, comes, which] of moves) {
        if (comes) {
          const session = sessionOf(user)
          registry.add(session)
          model.push(session)
        } else if (model.length > 0) {
          const [gone] = model.splice(which % model.length, 1)
          registry.remove(gone!)
        }
        expect(registry.count).toBe(model.length)
        expect(new Set(registry.all())).toEqual(new Set(model))
        expect([...registry.all()]).toHaveLength(model.length)
        for (const user of users) {
          const theirs = model.filter((session) => session.principal.user.id === user)
          expect([...registry.ofUser(user)]).toEqual(theirs)
        }
      }
    }),
  )
})

test("hands out a user's sessions as they are now: whoever goes through them may end them on the way", () => {
  const registry = new Registry()
  for (let i = 0; i < 3; i++) registry.add(sessionOf("ann"))
  for (const session of registry.ofUser("ann")) registry.remove(session)
  expect([registry.count, registry.ofUser("ann"), [...registry.all()]]).toEqual([0, [], []])
})

test("one that left before, or never came, takes nobody else away", () => {
  const registry = new Registry()
  const ann = sessionOf("ann")
  const other = sessionOf("ann")
  registry.add(ann)
  registry.remove(other)
  expect([registry.count, registry.ofUser("ann")]).toEqual([1, [ann]])
  registry.remove(ann)
  registry.remove(ann)
  expect(registry.count).toBe(0)
})
