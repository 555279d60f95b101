/** Everything the widget says, in English. */
export const words = {
  locale: "en",

  launcher: {
    open: (heading: string, unread: number) =>
      unread === 0 ? `Open the chat ${heading}` : `Open the chat ${heading}, ${unreadWords(unread)}`,
    close: (heading: string) => `Close the chat ${heading}`,
    news: (heading: string, unread: number) => `${heading}: ${unreadWords(unread)}`,
  },

  panel: {
    close: "Close the chat",
    you: (name: string) => `You are ${name}`,
    log: (heading: string) => `Messages in ${heading}`,
    loading: "Loading messages",
    older: "Loading older messages",
    olderFailed: "Older messages could not be loaded.",
    start: "This is the beginning.",
    emptyTitle: "Say hello",
    empty: "No messages yet. What you write is read by everyone here.",
    notKeptTitle: "Not connected yet",
    notKept: "What was said here appears as soon as there is a connection. You can write already.",
    latest: "Go to the latest messages",
    newMessages: "New messages",
  },

  message: {
    you: "You",
    deleted: "This message was deleted.",
    edited: "edited",
    sending: "Sending",
    failed: "Not sent.",
    retry: "Try again",
    discard: "Discard",
    newTab: "opens in a new tab",
  },

  composer: {
    label: "Write a message",
    send: "Send",
    left: (count: number) => `${count} characters left`,
    over: (count: number) => `${count} characters too long`,
  },

  typing: (names: readonly string[]): string => {
    const [first, second, ...more] = names
    if (first === undefined) return ""
    if (second === undefined) return `${first} is typing`
    return more.length === 0
      ? `${first} and ${second} are typing`
      : `${first}, ${second} and ${more.length} more are typing`
  },

  offline: "You are offline. What you write is sent when the connection is back.",

  failure: {
    blockedTitle: "No chat on this page",
    blocked: "The chat server does not let this page in.",
    blockedForDevelopers: (server: string, origin: string) =>
      `Klatch: ${server} does not let ${origin} in. Add this origin to the server's CORS_ORIGINS.`,
    unauthorizedTitle: "You are not signed in",
    unauthorized: "The chat server did not accept who you are.",
    missingTitle: "This chat is not here",
    missing: "It does not exist, or it is not open to you.",
    otherTitle: "The chat could not be opened",
    other: "Something is not right with it on this page. It may work again later.",
    refusedForDevelopers: (server: string, room: string, reason: string) =>
      `Klatch: the chat "${room}" of ${server} could not be opened. ${reason}`,
    takenForDevelopers: (name: string) =>
      `Klatch: this page has an element <${name}> of its own, so there is no chat. Give that one another name.`,
  },

  tryAgain: "Try again",
  day: { today: "Today", yesterday: "Yesterday" },
} as const

function unreadWords(count: number): string {
  return count === 1 ? "1 new message" : `${count} new messages`
}
