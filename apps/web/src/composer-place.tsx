import { Composer, type ComposerProps } from "./composer.tsx"
import { Icon } from "./icon.tsx"
import type { RoomDesk } from "./room-desk.ts"

/** The place to write, or why there is none. What was written stays there for later. */
export function ComposerPlace({ desk, ...props }: ComposerProps & { desk: RoomDesk | null }) {
  const why = desk?.whyOff.value ?? null
  if (why === null) return <Composer desk={desk} {...props} />
  return (
    <div class="composer composer-off" role="status">
      <Icon name="lock" />
      <p>{why}</p>
    </div>
  )
}
