import type { Room } from "@klatch/client"
import { Component } from "preact"
import { dayLabel, fullTimeLabel, timeLabel } from "../day.ts"
import { partsOf } from "../link.ts"
import type { Row } from "../row.ts"
import { words } from "../words.ts"

interface LineProps {
  row: Row
  room: Room
  isOwn: boolean
  /** The reader's day, so that "today" is one. */
  today: number
}

/** A message, under the day it opens and the author it leads. It is drawn again only when it changed. */
export class MessageLine extends Component<LineProps> {
  override shouldComponentUpdate({ row, isOwn, today }: LineProps): boolean {
    const before = this.props
    return (
      row.message !== before.row.message ||
      row.leads !== before.row.leads ||
      row.opensDay !== before.row.opensDay ||
      isOwn !== before.isOwn ||
      today !== before.today
    )
  }

  override render({ row, room, isOwn }: LineProps) {
    const { message, leads, opensDay, atMs } = row
    const { content, delivery, deleted_at, edited_at, from } = message
    return (
      <div class="line" data-own={isOwn} data-leads={leads} data-delivery={delivery}>
        {opensDay && (
          <h3 class="day" part="day">
            {dayLabel(atMs, Date.now())}
          </h3>
        )}
        <article class="message" part={isOwn ? "message own-message" : "message"}>
          <header class={leads ? "line-head" : "for-listeners"}>
            <span class="author">{isOwn ? words.message.you : from}</span>{" "}
            <time class="time" dateTime={new Date(atMs).toISOString()} title={fullTimeLabel(atMs)}>
              {timeLabel(atMs)}
            </time>
          </header>
          {deleted_at === undefined ? (
            <Text content={content} />
          ) : (
            <p class="bubble deleted" part="bubble">
              {words.message.deleted}
            </p>
          )}
          {deleted_at === undefined && edited_at !== undefined && (
            <span class="small">{words.message.edited}</span>
          )}
          {delivery !== "sent" && <Delivery row={row} room={room} />}
        </article>
      </div>
    )
  }
}

/** What someone wrote, as text alone. A link that leads elsewhere than it reads says so in its tooltip. */
function Text({ content }: { content: string }) {
  return (
    <div class="bubble" part="bubble" dir="auto">
      {partsOf(content).map(({ text, href }, at) =>
        href === undefined ? (
          text
        ) : (
          <a
            key={at}
            class="link"
            dir="ltr"
            href={href}
            title={href === text ? words.message.newTab : href}
            target="_blank"
            rel="noopener noreferrer nofollow ugc"
          >
            {text}
          </a>
        ),
      )}
    </div>
  )
}

/** How it stands with a message that is not stored. "Sending" shows itself after a moment only (by CSS). */
function Delivery({ row, room }: { row: Row; room: Room }) {
  const { client_id, delivery, error } = row.message
  if (delivery !== "failed" || client_id === undefined)
    return <p class="small sending">{words.message.sending}</p>
  return (
    <p class="small failed" role="alert">
      <span>
        {words.message.failed} {error?.message}
      </span>{" "}
      <button type="button" class="text-button" onClick={() => room.messages.retry(client_id)}>
        {words.message.retry}
      </button>{" "}
      <button type="button" class="text-button" onClick={() => room.messages.discard(client_id)}>
        {words.message.discard}
      </button>
    </p>
  )
}
