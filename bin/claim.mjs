import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from "node:fs"
import { hostname } from "node:os"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { SetupError } from "./root.mjs"

const beatMs = 2_000
const silentMs = 30_000
const waitMaxMs = 15 * 60_000

/**
 * Runs `work` while no other process on this machine runs it for the same `dir`.
 *
 * The directory holds numbered files. The highest number is the claim in force: it holds its owner's pid while the
 * work runs, and says "free" afterwards. To take over a claim that is free, or whose owner died, is to create the
 * next number, which only one process can do. The highest file is never removed, so who comes late, with a number
 * that was already used and cleared away, sees a higher one after creating its own, and steps back.
 * An owner is dead when its pid is gone from this host or its file has not been touched for `silentMs`. `work` is given
 * a function that names a child which must be gone too, as children outlive a parent that is killed.
 * Fails with a SetupError when the directory cannot be written, or after `waitMaxMs` of waiting.
 */
export async function claim(dir, waiting, work) {
  const file = await take(dir, waiting)
  const beat = setInterval(() => touch(file), beatMs)
  try {
    return await work((pid) => writeOver(file, `${process.pid} ${hostname()} ${pid}`))
  } finally {
    clearInterval(beat)
    writeOver(file, "free")
  }
}

async function take(dir, waiting) {
  const startMs = Date.now()
  let told = false
  for (;;) {
    const last = highest(dir)
    if (last === 0 || isOver(join(dir, String(last)))) {
      const mine = create(dir, last + 1)
      if (mine) return mine
      continue
    }
    if (!told) console.error(waiting)
    told = true
    if (Date.now() - startMs > waitMaxMs)
      throw new SetupError(`gave up waiting for the set-up that holds ${dir}`)
    await delay(100)
  }
}

function highest(dir) {
  try {
    mkdirSync(dir, { recursive: true })
  } catch (error) {
    throw new SetupError(`cannot write in ${dir} (${error.code}); set up as the user who owns the checkout`)
  }
  return Math.max(0, ...readdirSync(dir).map(Number).filter(Number.isInteger))
}

/** Answers the claimed file, or undefined when another process was first. */
function create(dir, number) {
  const file = join(dir, String(number))
  try {
    const fd = openSync(file, "wx")
    writeSync(fd, `${process.pid} ${hostname()}`)
    closeSync(fd)
  } catch (error) {
    if (error.code === "EEXIST") return undefined
    throw new SetupError(`cannot write in ${dir} (${error.code}); set up as the user who owns the checkout`)
  }
  if (highest(dir) > number) {
    rmSync(file, { force: true })
    return undefined
  }
  for (const name of readdirSync(dir)) if (Number(name) < number) rmSync(join(dir, name), { force: true })
  return file
}

function isOver(file) {
  let text = ""
  let silent = true
  try {
    text = readFileSync(file, "utf8")
    silent = Date.now() - statSync(file).mtimeMs > silentMs
  } catch {
    return false // replaced by a higher number between the listing and here: look again
  }
  if (text === "free" || silent) return true
  const [pid, host, child] = text.split(" ")
  return host === hostname() && !isAlive(Number(pid)) && !(child && isAlive(Number(child)))
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === "EPERM"
  }
}

function touch(file) {
  try {
    const now = new Date()
    utimesSync(file, now, now)
  } catch {
    // taken over while this machine slept: npm itself stands being run twice, only slowly
  }
}

/** Writes only to a file that is there: a claim that was taken over stays gone. */
function writeOver(file, text) {
  try {
    const fd = openSync(file, "r+")
    ftruncateSync(fd)
    writeSync(fd, text)
    closeSync(fd)
  } catch {
    // as in touch
  }
}
