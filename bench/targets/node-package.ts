/** The version of Node on PATH, or of a package a peer uses; "unknown" when it does not say. */
export function versionOf(name: string): string {
  if (name === "node") return Bun.spawnSync(["node", "--version"]).stdout.toString().trim() || "unknown"
  try {
    // Asked of Node, as the peers run there: Bun has a `ws` of its own.
    const code = `process.stdout.write(require(${JSON.stringify(`${name}/package.json`)}).version)`
    return Bun.spawnSync(["node", "-e", code], { cwd: import.meta.dir }).stdout.toString() || "unknown"
  } catch {
    return "unknown"
  }
}
