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
  /**
   * The next frame: when it began, and where the text of each line stands in it as it is drawn, after all that
   * scripts mend. The text, for a line's head comes and goes with what stands before it.
   */
  const drawnLines = () =>
    new Promise<{ atMs: number; rects: Map<string, DOMRectReadOnly> }>((resolve) => {
      requestAnimationFrame((atMs) => {
        const observed = lines().flatMap((line) => line.querySelector(".text") ?? [])
        if (observed.length === 0) return resolve({ atMs, rects: new Map() })
        const observer = new IntersectionObserver((entries) => {
          observer.disconnect()
          const keyed = entries.map(
            ({ target, boundingClientRect }) =>
              [target.closest<HTMLElement>("article")?.dataset.key ?? "", boundingClientRect] as const,
          )
          // One that went in the middle of the frame has no place in it.
          resolve({ atMs, rects: new Map(keyed.filter(([, rect]) => rect.height > 0)) })
        })
        for (const line of observed) observer.observe(line)
      })
    })
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
      const { top, bottom } = box.getBoundingClientRect()
      let last = await drawnLines()
      for (;;) {
        const before = box.scrollTop
        linesMax = Math.max(linesMax, last.rects.size)
        // The line that stays in view longest: the topmost one on the way up, the last one on the way down.
        const seen = [...last.rects].filter(([, rect]) => rect.top >= top && rect.bottom <= bottom)
        const [anchorKey, anchor] = (stepPx < 0 ? seen[0] : seen.at(-1)) ?? []
        const roomPx = box.scrollHeight - box.clientHeight - before
        const step = stepPx < 0 ? -Math.min(-stepPx, before) : Math.min(stepPx, roomPx)
        box.scrollTop = before + step
        // The browser rounds to the device's pixels: what it really did is what the line should follow.
        const reallyPx = box.scrollTop - before
        const now = await drawnLines()
        const nowMs = now.atMs
        framesMs.push(nowMs - last.atMs)
        last = now
        const after = now.rects.get(anchorKey ?? "")
        if (anchor !== undefined && after !== undefined) jumpsPx.push(after.top - anchor.top + reallyPx)
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
