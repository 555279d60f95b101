import { join } from "node:path"
import { startKlatch } from "@klatch/testing"

const folder = import.meta.dirname
const port = Number(process.argv[2] ?? 3000)

// The SDK as one file; `npm run build` makes the same one for your own pages.
const { outputs } = await Bun.build({
  entrypoints: [join(folder, "../../packages/client/src/index.ts")],
  target: "browser",
  minify: true,
})
const sdk = outputs[0]

const site = serveSite()

// A throw-away Klatch that lets this page in. Your own one does by CORS_ORIGINS, too.
const klatch = await startKlatch({ env: { CORS_ORIGINS: site.url.origin } })
process.stdout.write(`${site.url.origin}/?user=ann&server=${klatch.url}\n`)

for (const signal of ["SIGINT", "SIGTERM"])
  process.once(signal, async () => {
    await klatch.stop()
    process.exit(0)
  })

function serveSite() {
  try {
    return Bun.serve({
      hostname: "127.0.0.1",
      port,
      routes: {
        "/": new Response(Bun.file(join(folder, "index.html"))),
        "/klatch.js": new Response(sdk, { headers: { "content-type": "text/javascript" } }),
      },
    })
  } catch (error) {
    if ((error as { code?: string }).code !== "EADDRINUSE") throw error
    const other = `node bin/run.mjs examples/plain/start.ts ${port + 1}`
    process.stderr.write(`Something else listens on port ${port}. Give the page another one: ${other}\n`)
    process.exit(1)
  }
}
