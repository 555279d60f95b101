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
  system: "M4 5h16v11H4zM9 20h6M12 16v4",
  light:
    "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 3v2M12 19v2M3 12h2M19 12h2M6 6l1 1M17 17l1 1M6 18l1-1M17 7l1-1",
  dark: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
  help: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM9.5 9.5a2.5 2.5 0 1 1 3.7 2.2c-.8.4-1.2 1-1.2 1.9M12 16.8v.1",
  leave: "M13.5 4.5H5.5v15h8M10 12h10.5M16.5 8l4 4-4 4",
  eye: `M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z
    M12 14.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6z`,
  eyeOff: `M4 4l16 16M9.5 6c.8-.3 1.6-.5 2.5-.5 6 0 9.5 6.5 9.5 6.5s-1 1.9-2.9 3.6M6 7.8C3.7 9.6 2.5 12 2.5 12
    S6 18.5 12 18.5c1.6 0 3-.4 4.2-1.1M10 10.1a2.8 2.8 0 0 0 3.9 3.9`,
  addPerson:
    "M10 11a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4zM4 19.5c.6-3.2 3-5 6-5s5.4 1.8 6 5M18.5 8v6M15.5 11h6",
  reply: "M9.5 6L4 11.5 9.5 17M4 11.5h9a7 7 0 0 1 7 7",
  copy: "M9 9h10.5v10.5H9zM15 9V4.5H4.5V15H9",
  more: "M6 12v.2M12 12v.2M18 12v.2",
  link: `M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.3l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3A4 4 0 0 0 11 18.7l1-1`,
  settings: `M4 8h9M17.5 8H20M4 16h2.5M11 16h9
    M15 10.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM8.5 18.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z`,
  out: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM6 6l12 12",
  done: "M5 12.5l4.5 4.5L19 7.5",
  smile: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM8.5 14c1.8 2.6 5.2 2.6 7 0M9 9.5v.2M15 9.5v.2",
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
