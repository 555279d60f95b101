import { useMemo } from "preact/hooks"
import { pieces } from "./link.ts"

/** What someone wrote, as text nodes only. A link that goes elsewhere than it reads says so in its tooltip. */
export function MessageText({ content }: { content: string }) {
  const parts = useMemo(() => pieces(content), [content])
  return (
    <div class="text" dir="auto">
      {parts.map((part, at) =>
        part.href === undefined ? (
          part.text
        ) : (
          <a
            key={at}
            class="link"
            dir="ltr"
            href={part.href}
            title={part.href === part.text ? undefined : part.href}
            target="_blank"
            rel="noopener noreferrer nofollow"
          >
            {part.text}
          </a>
        ),
      )}
    </div>
  )
}
