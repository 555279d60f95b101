import { spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { claim } from "./claim.mjs"
import { root, SetupError } from "./root.mjs"

const modules = join(root, "node_modules")
const stampFile = join(modules, ".klatch-stamp")
const installLimitMs = 10 * 60_000
const attemptsMax = 2
const pauseMs = 1_000
const errorLinesMax = 20
const errorLengthMax = 65_536

/** Whether the stamp says that nothing is left to do for `scope`: "production" or "all". */
export function isStamped(scope) {
  const [sum, platform, stamped] = readText(stampFile).trim().split(" ")
  return sum === lockSum() && platform === platformName() && (stamped === "all" || stamped === scope)
}

/**
 * Makes node_modules hold what package-lock.json says. A stamp (the lock's sha256, the platform, the scope) tells the
 * next start that nothing is left to do; an install someone made by hand is known by npm's own record, and stamped.
 * What is missing for the scope `needs` is installed to the extent of `installs`. `isWhole` looks at the result: when
 * it is not content with what is there (node_modules came from another machine), everything is installed anew.
 * Fails with a SetupError that says what to do.
 */
export async function installDependencies({ needs, installs, isWhole }) {
  const waiting = "Another set-up is at work here; waiting for it."
  await claim(join(root, ".klatch", "setup.lock"), waiting, async (nameChild) => {
    if (!isStamped(needs) && matchesLock(needs)) stamp(needs)
    if (isStamped(needs) && isWhole()) return
    rmSync(stampFile, { force: true })
    console.error("Installing dependencies (npm ci). This happens once.")
    await install(installs, nameChild)
    stamp(installs)
  })
}

/** Whether npm's record of what it installed equals the lock, as far as this platform and `scope` ask for it. */
function matchesLock(scope) {
  const have = readJson(join(modules, ".package-lock.json"))?.packages
  const want = readJson(join(root, "package-lock.json"))?.packages
  if (!have || !want) return false
  for (const [name, entry] of Object.entries(want)) {
    if (!name.startsWith("node_modules/") || have[name]) continue
    const unasked = entry.optional || (scope === "production" && (entry.dev || entry.devOptional))
    if (!unasked) return false
  }
  return Object.entries(have).every(([name, entry]) => {
    if (!name.startsWith("node_modules/")) return true
    if (entry.os && !entry.os.includes(process.platform)) return false
    return want[name]?.version === entry.version && existsSync(join(root, name))
  })
}

function stamp(scope) {
  writeFileSync(stampFile, `${lockSum()} ${platformName()} ${scope}\n`)
}

async function install(scope, nameChild) {
  for (let attempt = 1; ; attempt++) {
    const { code, errors } = await npm("ci", scope, nameChild)
    if (code === 0) return
    if (code === "ENOENT") throw new SetupError("npm is not on the PATH; it comes with Node 20.")
    if (errors.includes("EUSAGE")) return await installLeniently(scope, nameChild)
    if (attempt === attemptsMax) fail(code, errors)
    console.error("npm ci failed; trying once more.")
    await delay(pauseMs)
  }
}

/**
 * npm ci refuses a lock without the optional packages of other platforms, also when the registry at hand has none of
 * them; npm install does not. The lock stays in force: what was installed is compared with it afterwards.
 */
async function installLeniently(scope, nameChild) {
  const { code, errors } = await npm("install", scope, nameChild)
  if (code !== 0) fail(code, errors)
  if (!matchesLock(scope)) {
    throw new SetupError("package-lock.json does not match package.json: run npm install and commit both.")
  }
}

function fail(code, errors) {
  console.error(errors.split("\n").slice(0, errorLinesMax).join("\n"))
  const offline = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED|network/.test(
    errors,
  )
  throw new SetupError(
    offline
      ? "dependencies could not be fetched: the npm registry cannot be reached. Check the network, then try again."
      : `dependencies could not be installed (npm: ${code}); npm's own words are above.`,
  )
}

/** Install scripts stay off: nothing here needs them, and so a fresh clone runs no code but its own and npm's. */
function npm(verb, scope, nameChild) {
  const flags = [verb, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
  if (verb === "install") flags.push("--no-save")
  flags.push(scope === "all" ? "--include=dev" : "--omit=dev")
  const ours = process.env.npm_execpath
  const [command, args] =
    ours && /npm-cli\.c?js$/.test(ours) ? [process.execPath, [ours, ...flags]] : ["npm", flags]
  const shell = process.platform === "win32" && command === "npm"
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      shell,
      stdio: ["ignore", "ignore", "pipe"],
      timeout: installLimitMs,
    })
    if (child.pid) nameChild(child.pid)
    let errors = ""
    child.stderr.on("data", (chunk) => {
      if (errors.length < errorLengthMax) errors += chunk
    })
    child.on("error", (error) => resolve({ code: error.code, errors }))
    child.on("close", (code, signal) => resolve({ code: code ?? signal, errors }))
  })
}

const platformName = () => `${process.platform}-${process.arch}`

function lockSum() {
  const text = readText(join(root, "package-lock.json"))
  if (!text) throw new SetupError("package-lock.json is missing; the checkout is not complete.")
  return createHash("sha256").update(text).digest("hex")
}

function readText(file) {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return ""
  }
}

function readJson(file) {
  try {
    return JSON.parse(readText(file))
  } catch {
    return undefined
  }
}
