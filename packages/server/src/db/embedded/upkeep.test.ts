import { afterEach, beforeEach, expect, test } from "bun:test"
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { chooseAccount } from "./account.ts"
import { ServerLog } from "./server-log.ts"
import { SocketDoor } from "./socket-door.ts"
import { isRoot } from "./test-bed.fixture.ts"

let dir = ""

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "upkeep-test-"))
})

afterEach(() => {
  rmSync(dir, { recursive: true, force: true })
})

test("the log stays bounded, keeps its last part, and its writer goes on in the same file", () => {
  const log = new ServerLog(join(dir, "postgres.log"), 1_000)
  appendFileSync(log.path, "x".repeat(900))
  log.bound()
  expect(log.sizeBytes()).toBe(900)
  appendFileSync(log.path, "y".repeat(900))
  log.bound()
  expect(log.sizeBytes()).toBe(0)
  expect(statSync(`${log.path}.1`).size).toBe(1_800)
  appendFileSync(log.path, "after")
  expect(log.since(1_800)).toBe("after")
})

test("a long path's door is put back when a cleaner of temporary files takes it", () => {
  const data = join(dir, "d".repeat(120))
  mkdirSync(data)
  const door = SocketDoor.open(dir, data)
  writeFileSync(join(data, "inside"), "")
  rmSync(dirname(door.host), { recursive: true })
  door.keep()
  expect(existsSync(join(door.host, "inside"))).toBe(true)
  door.close()
  expect(existsSync(dirname(door.host))).toBe(false)
})

test("a door that others could enter is not used again", () => {
  const data = join(dir, "d".repeat(120))
  mkdirSync(data)
  const first = SocketDoor.open(dir, data)
  chmodSync(dirname(first.host), 0o755)
  const second = SocketDoor.open(dir, data)
  expect(second.host).not.toBe(first.host)
  first.close()
  second.close()
})

test.skipIf(!isRoot)("root's PostgreSQL runs as its data's owner, else as the first account there is", () => {
  const passwd = join(dir, "passwd")
  writeFileSync(passwd, "root:*:0:0::/root:/bin/sh\nnobody:*:-2:-2::/var/empty:/usr/bin/false\n")
  expect(chooseAccount(join(dir, "none"), passwd)).toEqual({ uid: 4_294_967_294, gid: 4_294_967_294 })
  writeFileSync(passwd, "nobody:x:65534:65534::/:/bin/false\npostgres:x:70:70::/:/bin/sh\n")
  expect(chooseAccount(join(dir, "none"), passwd)).toEqual({ uid: 70, gid: 70 })
  writeFileSync(passwd, "root:x:0:0::/root:/bin/sh\n")
  expect(() => chooseAccount(join(dir, "none"), passwd)).toThrow(/another user/)
})
