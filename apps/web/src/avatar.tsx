import { initials, tone } from "./author.ts"

/** An author's initials on their colour. The name stands beside it, so it is silent to those who listen. */
export function Avatar({ name, size = "medium" }: { name: string; size?: "small" | "medium" | "large" }) {
  return (
    <span class={`avatar avatar-${size}`} data-tone={tone(name)} aria-hidden="true">
      {initials(name)}
    </span>
  )
}
