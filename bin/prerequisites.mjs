import { spawnSync } from "node:child_process"
import { accessSync, constants, existsSync } from "node:fs"
import { delimiter, join } from "node:path"

const installLimitMs = 5 * 60_000
const attemptsMax = 2

/** Programs the tests use and npm cannot bring. `given` is the variable that names one already at hand. */
const programs = {
  chromium: {
    given: "CHROMIUM_PATH",
    pathVariable: "CHROMIUM_PATH",
    names: ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
    places: ["/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"],
    debian: ["chromium"],
    how: "Chromium is missing: install chromium or google-chrome, or set CHROMIUM_PATH to its program.",
  },
  redis: {
    given: "REDIS_URL",
    pathVariable: "REDIS_SERVER",
    names: ["redis-server", "valkey-server"],
    places: [],
    debian: ["redis-server"],
    how: "Redis is missing: install redis-server or valkey-server, or set REDIS_URL to one the tests may use.",
  },
}

/**
 * Finds each program of `names`, and installs it with apt-get where this is Debian and we are root.
 * Answers the environment that tells the tests where they are (CHROMIUM_PATH, REDIS_SERVER), or, under `faults`,
 * for each that is missing the sentence that says what to do.
 */
export function findPrerequisites(names) {
  const env = {}
  const faults = {}
  for (const name of names) {
    const program = programs[name]
    if (process.env[program.given]) continue
    const path = find(program) ?? installOnDebian(name, program)
    if (path) env[program.pathVariable] = path
    else faults[name] = program.how
  }
  return { env, faults }
}

function find({ names, places }) {
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean)
  const paths = [...names.flatMap((name) => folders.map((folder) => join(folder, name))), ...places]
  return paths.find(isProgram)
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function installOnDebian(name, program) {
  const isRoot = process.getuid?.() === 0
  const aptGet = find({ names: ["apt-get"], places: [] })
  if (!isRoot || !aptGet || !existsSync("/etc/debian_version")) return undefined
  console.log(`Installing ${name} with apt-get.`)
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    run(aptGet, ["update", "-qq"])
    if (run(aptGet, ["install", "-y", "-qq", "--no-install-recommends", ...program.debian]))
      return find(program)
  }
  return undefined
}

/** RUNLEVEL=1 keeps the package from starting its own daemon where that is asked of the init scripts. */
function run(command, args) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" }
  const { status } = spawnSync(command, args, {
    env,
    stdio: ["ignore", "ignore", "inherit"],
    timeout: installLimitMs,
  })
  return status === 0
}
