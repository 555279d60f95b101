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
