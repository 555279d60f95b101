import { fileURLToPath } from "node:url"
import { type Answer, staticAnswer } from "./static-page.ts"

/** Where the widget begins. */
const entryFile = fileURLToPath(new URL("../../../../../apps/widget/src/main.tsx", import.meta.url))

/** The name it is asked for, by pages anywhere. */
export const widgetPath = "/widget.js"

/** Any page may load it, whatever it asks of what it loads; what it may then do is CORS_ORIGINS' to say. */
const headers = {
  "access-control-allow-origin": "*",
  "cross-origin-resource-policy": "cross-origin",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
}

/** The widget as one plain script, from its sources. Rejects with why it cannot be built. */
export async function buildWidget(entry: string = entryFile): Promise<string> {
  const { outputs } = await Bun.build({
    entrypoints: [entry],
    target: "browser",
    format: "iife",
    conditions: ["klatch-source"],
    minify: true,
    jsx: { runtime: "automatic", importSource: "preact", development: false },
    define: { "process.env.NODE_ENV": '"production"' },
    loader: { ".css": "text" },
  })
  const [script] = outputs
  if (script === undefined || outputs.length !== 1) throw new Error("the widget is not one script")
  return script.text()
}

/** Pages of others name it without a hash, so it is kept for minutes only; asked again it is mostly unchanged. */
export const widgetAnswer = (script: string): Answer =>
  staticAnswer({
    body: script,
    contentType: "text/javascript;charset=utf-8",
    cacheControl: "public, max-age=300",
    headers,
  })
