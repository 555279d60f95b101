/** What is seen from inside a page; `installWatch` puts it there as `klatchWatch`. All times from the navigation on. */
export interface PageWatch {
  /** Every task of the page's thread over 50 ms. */
  readonly longTasks: { readonly startMs: number; readonly ms: number }[]
  /** From a key's own time stamp to after the frame that shows it. */
  readonly keyPaintsMs: number[]
  /** When the message with this text was drawn inside the log; it must be looked for before it is there. */
  drawn(text: string): Promise<number>
  firstPaintMs(): number | null
  /** Scrolls the log until its end in that direction, or until `isDone`; see `Travel`. */
  travel(stepPx: number, untilMessageId: number | null): Promise<Travel>
  /** The id of the oldest message in the document. */
  oldestId(): number
}

/** A way through the log, one step a frame. */
export interface Travel {
  /** Length of every frame. */
  readonly framesMs: number[]
  /** How far, in px, a line in view stood from where its step should have put it; every frame. */
  readonly jumpsPx: number[]
  /** Frames in which other lines than before stood in front, as older ones had come. */
  readonly loads: number
  readonly linesMax: number
  readonly ended: "there" | "end" | "limit"
}

declare global {
  interface Window {
    klatchWatch: PageWatch
  }
}

/** Runs in the page, before all of its own scripts. It can use nothing from outside of itself. */
export function installWatch(): void {
  /** So long nothing more to load may come before the way counts as ended. */
  const patienceMs = 5_000
  const longTasks: { startMs: number; ms: number }[] = []
  const keyPaintsMs: number[] = []
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) longTasks.push({ startMs: entry.startTime, ms: entry.duration })
  }).observe({ type: "longtask", buffered: true })

  const frame = () => new Promise<number>(requestAnimationFrame)
  const log = () => document.querySelector<HTMLElement>("[role=log]")
  const lines = () => [...(log()?.querySelectorAll<HTMLElement>("article") ?? [])]
  // A task that is posted in a frame's callback runs after that frame is drawn.
  const painted = () =>
    new Promise<number>((resolve) => {
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = ({ data }) => resolve(data)
      requestAnimationFrame((atMs) => port2.postMessage(atMs))
    })
  addEventListener(
    "keydown",
    (event) => void painted().then(() => keyPaintsMs.push(performance.now() - event.timeStamp)),
    true,
  )
  const isInView = (text: string) => {
    const box = log()?.getBoundingClientRect()
    const line = lines().findLast((one) => one.querySelector(".text")?.textContent === text)
    if (box === undefined || line === undefined) return false
    const { top, bottom } = line.getBoundingClientRect()
    return top < box.bottom && bottom > box.top && bottom <= box.bottom + 1
  }
  const idOf = (line: HTMLElement) => {
    const [kind, id] = (line.dataset.key ?? "").split(" ")
    if (kind !== "m") throw new Error(`not a line of a plain message: ${line.dataset.key}`)
    return Number(id)
  }
  const oldestId = () => {
    const [first] = lines()
    return first === undefined ? Number.POSITIVE_INFINITY : idOf(first)
  }

  window.klatchWatch = {
    longTasks,
    keyPaintsMs,
    oldestId,
    async drawn(text) {
      while (!isInView(text)) await frame()
      await painted()
      return performance.now()
    },
    firstPaintMs: () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null,
    async travel(stepPx, untilMessageId) {
      const box = log()
      if (box === null) throw new Error("there is no log")
      const framesMs: number[] = []
      const jumpsPx: number[] = []
      let loads = 0
      let linesMax = 0
      let heightPx = box.scrollHeight
      let movedMs = performance.now()
      let lastMs = await painted()
      for (;;) {
        const before = box.scrollTop
        const { top, bottom } = box.getBoundingClientRect()
        const all = lines()
        linesMax = Math.max(linesMax, all.length)
        // The line that stays in view longest: the topmost one on the way up, the last one on the way down.
        const anchor =
          stepPx < 0
            ? all.find((line) => line.getBoundingClientRect().top >= top)
            : all.findLast((line) => line.getBoundingClientRect().bottom <= bottom)
        const anchorTop = anchor?.getBoundingClientRect().top ?? 0
        const roomPx = box.scrollHeight - box.clientHeight - before
        const step = stepPx < 0 ? -Math.min(-stepPx, before) : Math.min(stepPx, roomPx)
        box.scrollTop = before + step
        // The browser rounds to the device's pixels: what it really did is what the line should follow.
        const reallyPx = box.scrollTop - before
        // As drawn: what the list mends of its own steps before a frame is drawn, nobody sees.
        const nowMs = await painted()
        framesMs.push(nowMs - lastMs)
        lastMs = nowMs
        // Elements come and go with what is in view; the line is known by its key.
        const same = anchor?.isConnected
          ? anchor
          : lines().find((line) => line.dataset.key === anchor?.dataset.key)
        if (same !== undefined) jumpsPx.push(same.getBoundingClientRect().top - anchorTop + reallyPx)
        if (untilMessageId !== null && box.scrollHeight > heightPx + 200) loads++
        if (reallyPx !== 0 || box.scrollHeight !== heightPx) movedMs = nowMs
        heightPx = box.scrollHeight
        const told = (ended: Travel["ended"]): Travel => ({ framesMs, jumpsPx, loads, linesMax, ended })
        if (untilMessageId !== null && oldestId() <= untilMessageId) return told("there")
        if (Math.abs(reallyPx) >= 1) continue
        if (untilMessageId === null) return told("end")
        if (box.querySelector(".log-top [role=status]") !== null) return told("limit")
        if (nowMs - movedMs > patienceMs) return told("end")
      }
    },
  }
}
