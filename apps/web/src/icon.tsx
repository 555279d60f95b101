const paths = {
  menu: "M4 7h16M4 12h16M4 17h16",
  close: "M6 6l12 12M18 6L6 18",
  plus: "M12 5v14M5 12h14",
  pencil: "M4 20l1-4L16 5l3 3L8 19l-4 1zM14 7l3 3",
  trash: "M5 7h14M10 7V4.5h4V7M7 7l1 12.5h8L17 7M10.5 11v5M13.5 11v5",
  send: "M5 12h13M12.5 6l6 6-6 6",
  down: "M12 5v13M6 12.5l6 6 6-6",
  hash: "M9.5 4L7.5 20M16.5 4l-2 16M4.5 9h15.5M4 15h15.5",
  lock: "M6.5 11h11v8.5h-11zM9 11V8a3 3 0 0 1 6 0v3",
  people:
    "M9 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM3 19c.5-3 3-5 6-5s5.5 2 6 5M16 5a3 3 0 0 1 0 6M18 14.5c2 .5 3 2 3.4 4.5",
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.3 15.3L20 20",
  alert: "M12 4.5L3 19.5h18zM12 10v4.5M12 17v.2",
} as const

export type IconName = keyof typeof paths

/** A line drawing in the colour of the text around it. It says nothing to those who listen: label what holds it. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  )
}

/** The product's mark. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <path
        class="mark-body"
        d="M10 2h12a8 8 0 0 1 8 8v9a8 8 0 0 1-8 8h-9.5L5.4 30.6A1.5 1.5 0 0 1 3 29.4V25a8 8 0 0 1-1-4V10a8 8 0 0 1 8-8z"
      />
      <path class="mark-letter" d="M11.5 8.5v12M21 8.5l-7 6 7 6" />
    </svg>
  )
}
