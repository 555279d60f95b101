import type { Outcome } from "../results.ts"
import { addressOf, longTasksSince, newProfile, type Stage, visit } from "../stage.ts"

/** Opening a room in a fresh profile, nothing cached: from the navigation to the newest messages drawn. */
export async function openRoom(stage: Stage): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (const room of [stage.large, stage.small]) {
    const profile = await newProfile(stage)
    try {
      const page = await profile.newPage()
      const newestMs = await visit(page, addressOf(stage, room.slug, "opener"), room.newest)
      outcomes.push({
        case: `${room.messages.toLocaleString("en")} messages`,
        figures: { newestMs, ...(await longTasksSince(page, 0)) },
      })
    } finally {
      await profile.close()
    }
  }
  return outcomes
}
