import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { buildModule, type PackageName } from "../../../tools/build-client.ts"
import type { Outcome } from "../results.ts"
import type { Stage } from "../stage.ts"

/** The size of all that a browser is sent: our packages as they are handed out, and what the server serves. */
export async function bundles(stage: Stage): Promise<Outcome[]> {
  const served = await servedByPage(stage.url)
  const widget = await fetch(`${stage.url}/widget.js`)
  return [
    sized("SDK (packages/client)", await built("client")),
    sized("hooks (packages/react), more", await built("react")),
    ...served.map(({ name, bytes }) => sized(`web client, ${name}`, bytes)),
    ...(widget.ok ? [sized("widget.js", await widget.bytes())] : []),
  ]
}

const sized = (name: string, bytes: Uint8Array<ArrayBuffer>): Outcome => ({
  case: name,
  figures: { rawKb: bytes.length / 1024, gzipKb: Bun.gzipSync(bytes).length / 1024 },
})

/** A package as it is handed out. */
async function built(name: PackageName): Promise<Uint8Array<ArrayBuffer>> {
  const folder = mkdtempSync(join(tmpdir(), "klatch-bench-sdk-"))
  try {
    return new Uint8Array(await Bun.file(await buildModule(name, folder)).arrayBuffer())
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The page and every file that it names, by kind. */
async function servedByPage(url: string) {
  const page = await fetch(`${url}/client.html`)
  if (!page.ok) throw new Error(`the web client was answered ${page.status}`)
  const text = await page.text()
  const files = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] as string)
  const loaded = files.map(async (file) => {
    const answer = await fetch(new URL(file, page.url))
    if (!answer.ok) throw new Error(`${file} was answered ${answer.status}`)
    return { name: `.${file.split(".").at(-1)}`, bytes: await answer.bytes() }
  })
  return [{ name: ".html", bytes: new TextEncoder().encode(text) }, ...(await Promise.all(loaded))]
}
