/** Every word the page says, in one place. `locale` is the language they and the dates are in. */
export const words = {
  locale: "en",
  product: "Klatch",
  tagline: "Others will see it. No account needed.",

  name: {
    title: "Pick a name",
    label: "Your name",
    hint: (min: number, max: number) => `${min} to ${max} letters, digits, dots, dashes or underscores.`,
    wrong: (min: number, max: number) =>
      `A name has ${min} to ${max} letters (a to z), digits, dots, dashes or underscores.`,
    refused: (name: string, why: string) => `“${name}” was not accepted. ${why}`,
    join: (room: string) => `Join ${room}`,
    guest: "Continue as a guest",
    change: "Change your name",
    save: "Use this name",
    loading: "Connecting",
  },

  rooms: {
    heading: "Rooms",
    direct: "Direct messages",
    discover: "More rooms",
    find: "Find a room",
    none: "No rooms yet.",
    noDirect: "No direct messages yet.",
    noMatch: (query: string) => `Nothing matches “${query}”.`,
    failed: "The rooms could not be loaded.",
    make: "Make a room",
    open: "Open the list of rooms",
    close: "Close the list of rooms",
    unread: "new messages",
  },

  makeRoom: {
    title: "Make a room",
    name: "Name",
    nameHint: "What people will see, such as Weekend plans.",
    topic: "Topic (optional)",
    private: "Private: only people who are invited can find and read it",
    submit: "Make the room",
    taken: "There is a room with this name already. Take another name, or find that room in the list.",
  },

  makeDirect: {
    title: "Write to someone",
    name: "Their name",
    submit: "Start writing",
    missing: "There is nobody of this name here.",
    self: "That is you.",
  },

  room: {
    start: (room: string) => `This is the beginning of ${room}.`,
    startDirect: (name: string) => `This is the beginning of your messages with ${name}.`,
    older: "Loading older messages",
    olderFailed: "Older messages could not be loaded.",
    loading: "Loading messages",
    emptyTitle: "Nothing here yet",
    empty: "Write the first message. Everyone in this room will see it.",
    emptyDirect: "Write the first message. Only the two of you will see it.",
    missingTitle: "This room is not here",
    missing: "It does not exist, or it is not open to you.",
    failedTitle: "This room could not be opened",
    toLobby: "Go to the lobby",
    newMessages: "New messages",
    latest: "Go to the latest messages",
    log: (room: string) => `Messages in ${room}`,
  },

  message: {
    you: "you",
    edit: "Edit",
    editLabel: "Edit your message",
    editHint: "Enter saves, Escape cancels.",
    save: "Save",
    delete: "Delete",
    deleteAsk: "Delete this message for everyone?",
    deleted: "This message was deleted.",
    edited: "edited",
    sending: "Sending",
    failed: "Not sent.",
    retry: "Try again",
    discard: "Discard",
    editFailed: "This could not be saved.",
    deleteFailed: "This could not be deleted.",
  },

  composer: {
    label: (room: string) => `Write to ${room}`,
    send: "Send",
    left: (count: number) => `${count} characters left`,
    over: (count: number) => `${count} characters too long`,
  },

  typing: (names: readonly string[]): string => {
    const [first, second] = names
    if (first === undefined) return ""
    if (second === undefined) return `${first} is typing`
    if (names.length === 2) return `${first} and ${second} are typing`
    return `${first}, ${second} and ${names.length - 2} more are typing`
  },

  connection: {
    offline: "You are offline. What you write is sent when the connection is back.",
    connecting: "Connecting",
    endedTitle: "The connection has ended",
    ended: "The server has closed it and will not take it up again.",
    again: "Connect again",
  },

  day: { today: "Today", yesterday: "Yesterday" },
  cancel: "Cancel",
  tryAgain: "Try again",
} as const
