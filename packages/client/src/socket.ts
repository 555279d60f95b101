/** What is needed of a WebSocket: the browsers', Node 22's, Bun's and the `ws` package's all have it. */
export interface WebSocketLike {
  onopen: ((event: never) => void) | null
  onmessage: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
  send(text: string): void
  close(code?: number, reason?: string): void
}

/** Makes one. */
export type WebSocketConstructor = new (url: string, protocols?: string | string[]) => WebSocketLike

/**
 * An event that no server says, but a socket that tabs share, to one of them: another tab is gone, or may be, and what
 * it had not sent is that one's to send.
 */
export const heir = "heir"
