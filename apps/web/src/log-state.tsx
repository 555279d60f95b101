import { words } from "./words.ts"

/** Why no older messages come: never, for now, or because the page holds no more. */
export type OlderTrouble = "failed" | "limit" | null

/** Always of one height, so that what is below does not move when the older messages are all there. */
export function LogTop(props: {
  title: string
  isDirect: boolean
  hasOlder: boolean
  trouble: OlderTrouble
  onOlder: () => void
}) {
  return (
    <div class="log-top">
      {!props.hasOlder ? (
        <p>{(props.isDirect ? words.room.startDirect : words.room.start)(props.title)}</p>
      ) : props.trouble === "limit" ? (
        <p role="status">{words.room.olderTooMany}</p>
      ) : props.trouble === "failed" ? (
        <p role="status">
          {words.room.olderFailed}{" "}
          <button type="button" class="text-button" onClick={props.onOlder}>
            {words.tryAgain}
          </button>
        </p>
      ) : (
        <p>
          <span class="spinner" aria-hidden="true" />
          {words.room.older}
        </p>
      )}
    </div>
  )
}

export function LogEmpty({ isDirect }: { isDirect: boolean }) {
  return (
    <div class="state">
      <svg class="state-picture" viewBox="0 0 120 72" aria-hidden="true">
        <path
          class="picture-back"
          d="M14 6h52a12 12 0 0 1 12 12v14a12 12 0 0 1-12 12H34L20 55V44h-6A12 12 0 0 1 2 32V18A12 12 0 0 1 14 6z"
        />
        <path
          class="picture-front"
          d="M64 24h42a12 12 0 0 1 12 12v12a12 12 0 0 1-12 12h-4v10L90 60H64a12 12 0 0 1-12-12V36a12 12 0 0 1 12-12z"
        />
        <path class="picture-line" d="M66 38h36M66 47h22" />
      </svg>
      <h2>{words.room.emptyTitle}</h2>
      <p>{isDirect ? words.room.emptyDirect : words.room.empty}</p>
    </div>
  )
}

/** Lines in the place of messages that are on their way. */
export function LogLoading() {
  return (
    <div class="log-place">
      <div class="log log-loading" role="status" aria-label={words.room.loading}>
        {[64, 38, 52, 44, 70, 33].map((width) => (
          <div key={width} class="bone" aria-hidden="true">
            <span class="bone-avatar" />
            <span class={`bone-line bone-${width}`} />
          </div>
        ))}
      </div>
    </div>
  )
}
