const paths = {
  chat: "M5 5h14v11h-8l-4 3.5V16H5z",
  close: "M6 6l12 12M18 6L6 18",
  down: "M12 5v13M6 12.5l6 6 6-6",
  fold: "M6 9.5l6 6 6-6",
  send: "M5 12h13M12.5 6l6 6-6 6",
  alert: "M12 4.5L3 19.5h18zM12 10v4.5M12 17v.2",
} as const

/** A line drawing in the colour of the text around it, which says nothing to those who listen. */
export function Icon({ name }: { name: keyof typeof paths }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  )
}
