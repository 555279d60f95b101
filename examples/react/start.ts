import { join } from "node:path"
import { startKlatch } from "@klatch/testing"

const folder = import.meta.dirname
const port = Number(process.argv[2] ?? 3000)

const { outputs } = await Bun.build({
  entrypoints: [join(folder, "app.tsx")],
  target: "browser",
  // The packages of this checkout by their sources: they need not be built first.
  conditions: ["klatch-source"],
  define: { "process.env.NODE_ENV": '"production"' },
})
const app = outputs[0]

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
        "/app.js": new Response(app, { headers: { "content-type": "text/javascript" } }),
      },
    })
  } catch (error) {
    if ((error as { code?: string }).code !== "EADDRINUSE") throw error
    const other = `node bin/run.mjs examples/react/start.ts ${port + 1}`
    process.stderr.write(`Something else listens on port ${port}. Give the page another one: ${other}\n`)
    process.exit(1)
  }
}
