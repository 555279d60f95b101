import { readdirSync, readFileSync } from "node:fs"
import { setTimeout as delay } from "node:timers/promises"

const pollMs = 50

/**
 * Waits up to `graceMs` for everything to end that was started with `mark` in its environment, descendants included,
 * then kills what is left. Answers the names of those killed. Only Linux can tell (/proc): elsewhere, nothing.
 */
export async function endLeftovers(mark, graceMs) {
  const deadlineMs = Date.now() + graceMs
  for (;;) {
    const left = marked(mark)
    if (left.length === 0) return []
    if (Date.now() >= deadlineMs) {
      for (const { pid } of left) kill(pid)
      await delay(pollMs)
      for (const { pid } of marked(mark)) kill(pid) // what they started in their last moment
      return left.map(({ pid, name }) => `${name} (${pid})`)
    }
    await delay(pollMs)
  }
}

function marked(mark) {
  const processes = new Map()
  for (const entry of read("/proc", readdirSync) ?? []) {
    if (/^\d+$/.test(entry)) processes.set(Number(entry), describe(entry))
  }
  const left = new Set()
  for (const [pid, { env }] of processes) if (env.includes(mark)) left.add(pid)
  for (let before = -1; before !== left.size; ) {
    before = left.size
    for (const [pid, { parent }] of processes) if (left.has(parent)) left.add(pid)
  }
  left.delete(process.pid)
  return [...left]
    .map((pid) => ({ pid, name: processes.get(pid).name, state: processes.get(pid).state }))
    .filter(({ state }) => state !== "Z")
}

/** The environment is unreadable for processes of others, who are not ours; a database's workers overwrite theirs. */
function describe(pid) {
  const stat = read(`/proc/${pid}/stat`) ?? ""
  const [state = "Z", parent = "0"] = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  const name = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"))
  return { name, state, parent: Number(parent), env: read(`/proc/${pid}/environ`) ?? "" }
}

function read(path, how = (file) => readFileSync(file, "utf8")) {
  try {
    return how(path)
  } catch {
    return undefined
  }
}

function kill(pid) {
  try {
    process.kill(pid, "SIGKILL")
  } catch {
    // ended by itself
  }
}
