import { spawn } from "node:child_process"
import { constants } from "node:os"

const forwarded = ["SIGINT", "SIGTERM", "SIGHUP"]
const lookMs = 250

/**
 * Runs a program in the launcher's place: stdio inherited, signals passed on, and answers its exit code (128 + n when
 * signal n ended it, 127 when it could not be started).
 *
 * The child gets a session of its own, so that Ctrl-C reaches it once, through the launcher, and not twice.
 * With `leash` it also holds the reading end of a pipe, whose number is in KLATCH_LAUNCHER_FD: nothing is ever
 * written there, and it ends when the launcher is gone, however that happened. stdin is no use for this: it is closed
 * under systemd and Docker. And it drains when npm is gone that started us: a SIGTERM for npm never reaches us.
 */
export function runChild(command, args, { leash = false, env = {} } = {}) {
  return new Promise((resolve) => {
    // Heard from before the child is there: it may be told of, and signalled, the moment it runs.
    let child
    const early = []
    for (const signal of forwarded)
      process.on(signal, () => (child ? child.kill(signal) : early.push(signal)))
    child = spawn(command, args, {
      detached: process.platform !== "win32",
      stdio: leash ? ["inherit", "inherit", "inherit", "pipe"] : "inherit",
      env: { ...process.env, ...env, ...(leash ? { KLATCH_LAUNCHER_FD: "3" } : {}) },
    })
    for (const signal of early) child.kill(signal)
    child.stdio[3]?.on("error", () => {})
    child.on("error", (error) => {
      console.error(`klatch: cannot run ${command}: ${error.message}`)
      resolve(127)
    })
    const { ppid } = process
    if (leash && process.env.npm_lifecycle_event)
      setInterval(() => process.ppid !== ppid && child.kill("SIGTERM"), lookMs).unref()
    child.on("exit", (code, signal) => resolve(code ?? 128 + constants.signals[signal]))
  })
}
