import { accessSync, constants } from "node:fs"
import { delimiter, join } from "node:path"
import { type Browser, chromium } from "playwright-core"

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]

/** Said here they take the place of Playwright's own, of which those that matter to us are first. */
const withoutFeatures = [
  "PaintHolding",
  "HttpsUpgrades",
  "HttpsFirstBalancedModeAutoEnable",
  "ThirdPartyStoragePartitioning",
  "AvoidUnnecessaryBeforeUnloadCheckSync",
  "DestroyProfileOnBrowserClose",
  // Two pages behind the address bar of every window, which nobody sees: a third of all the time that tests take.
  "WebUIOmniboxPopup",
  "WebUIOmniboxAimPopup",
]

const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  `--disable-features=${withoutFeatures.join(",")}`,
  // Nothing but this machine can be reached: what would leave it fails, and is seen.
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]

/** A new Chromium with nothing kept from before; what it keeps goes when it is closed. Rejects when there is none. */
export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: chromiumPath(), args: flags })

/** CHROMIUM_PATH, else the first one on PATH. */
function chromiumPath(): string {
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean)
  const places = names.flatMap((name) => folders.map((folder) => join(folder, name)))
  const path = process.env.CHROMIUM_PATH || places.find(isProgram)
  if (!path)
    throw new Error(
      "Chromium is missing: install chromium or google-chrome, or set CHROMIUM_PATH to its program.",
    )
  return path
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
