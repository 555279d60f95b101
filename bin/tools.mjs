import { join } from "node:path"
import { root } from "./root.mjs"

/** The tools of the house. Node starts each from its own package, as node_modules/.bin is absent on some installs. */
export const tools = {
  biome: join(root, "node_modules/@biomejs/biome/bin/biome"),
  tsc: join(root, "node_modules/typescript/bin/tsc"),
}
