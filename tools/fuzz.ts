import { parseArgs } from "node:util"
import { listFiles, readText, root } from "./source.ts"

const usage = `usage: npm run fuzz -- [--rounds N] [--seed S]
Runs every test that states a property, N times (20), from seeds counted on from S (now).`

/** Every property from new seeds, until one fails or the rounds are over. Answers the exit code. */
async function fuzz(rounds: number, firstSeed: number): Promise<number> {
  const files = listFiles().filter((path) => path.endsWith(".test.ts") && isProperty(path))
  for (let round = 0; round < rounds; round++) {
    const seed = firstSeed + round
    const child = Bun.spawn([process.execPath, "test", ...files.map((path) => `./${path}`)], {
      cwd: root,
      env: { ...process.env, TEST_SEED: `${seed}` },
      stdout: "pipe",
      stderr: "pipe",
    })
    const [out, err, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ])
    if (code !== 0) {
      console.log(`${out}${err}`)
      console.log(`round ${round + 1}: failed. Again: npm run fuzz -- --rounds 1 --seed ${seed}`)
      return 1
    }
    console.log(`round ${round + 1} of ${rounds}: ${files.length} files, seed ${seed}: no fault`)
  }
  return 0
}

const isProperty = (path: string) => readText(path).includes('from "fast-check"')

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "20" }, seed: { type: "string" }, help: { type: "boolean" } },
})
const [rounds, seed] = [Number(values.rounds), Number(values.seed ?? Math.floor(Date.now() / 1_000))]
if (values.help || !(rounds >= 1) || !Number.isInteger(seed)) {
  console.error(usage)
  process.exit(2)
}
process.exit(await fuzz(rounds, seed))
