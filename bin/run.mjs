import { runChild } from "./child.mjs"
import { launch } from "./root.mjs"
import { setUp } from "./setup.mjs"
import { tools } from "./tools.mjs"

const usage = `usage: node bin/run.mjs <file.ts> [arguments]
       node bin/run.mjs --tool ${Object.keys(tools).join("|")} [arguments]`

async function main() {
  const [first, ...rest] = process.argv.slice(2)
  const tool = first === "--tool" ? tools[rest.shift()] : undefined
  if (first === undefined || (first.startsWith("-") && !tool)) {
    console.error(usage)
    return 2
  }
  const bun = await setUp()
  if (tool) return await runChild(process.execPath, [tool, ...rest])
  return await runChild(bun, ["--no-install", first, ...rest])
}

launch(main)
