import { spawnSync } from "node:child_process"
import { chmodSync, readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { root } from "./root.mjs"

const answerLimitMs = 20_000

/**
 * Finds the Bun that package.json pins, in the package npm chose for this platform. `node_modules/.bin/bun` is never
 * used: with install scripts off it is a stub. Answers `{ path }`, or `{ fault }`: a sentence for a person.
 */
export function findBun() {
  const wanted = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).dependencies.bun
  const found = []
  for (const path of candidates()) {
    const version = versionOf(path)
    if (version === wanted) return { path }
    if (version) found.push(version)
  }
  const place = `node_modules/@oven for ${process.platform} ${process.arch}`
  if (found.length > 0)
    return { fault: `Bun ${wanted} is needed and nothing else will do; ${place} holds ${found.join(", ")}` }
  return { fault: `Bun ${wanted} is needed; ${place} holds none that runs here` }
}

/** Every build for this system and processor; the one most likely to run here comes first. */
function candidates() {
  const system = process.platform === "win32" ? "windows" : process.platform
  const prefix = `bun-${system}-${process.arch === "arm64" ? "aarch64" : process.arch}`
  const packages = join(root, "node_modules", "@oven")
  let names = []
  try {
    names = readdirSync(packages).filter((name) => name === prefix || name.startsWith(`${prefix}-`))
  } catch {
    return []
  }
  const oldProcessor = process.arch === "x64" && lacksAvx2()
  const rank = (name) => (oldProcessor && !name.includes("baseline") ? 100 : 0) + name.length
  return names
    .sort((a, b) => rank(a) - rank(b))
    .map((name) => join(packages, name, "bin", system === "windows" ? "bun.exe" : "bun"))
}

function lacksAvx2() {
  try {
    return !readFileSync("/proc/cpuinfo", "utf8").includes(" avx2")
  } catch {
    return false
  }
}

/** A build for another libc or processor does not start, and so answers nothing. */
function versionOf(path) {
  try {
    if ((statSync(path).mode & 0o111) === 0) chmodSync(path, 0o755)
  } catch {
    // missing, or not ours to change: the attempt below decides
  }
  const { status, stdout } = spawnSync(path, ["--version"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
    timeout: answerLimitMs,
  })
  return status === 0 ? stdout.trim() : undefined
}
