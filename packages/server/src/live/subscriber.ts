/** A connection, as far as delivery needs it. */
export interface Subscriber {
  /** False once it is closed; nothing is sent after that. */
  readonly isOpen: boolean
  /** Bytes that the socket has not taken yet. */
  readonly bufferedBytes: number
  send(frame: string): void
  /** Answers false when it may no longer hear this topic; it then does not. */
  subscribe(topic: string): boolean
  unsubscribe(topic: string): void
  isSubscribed(topic: string): boolean
  /** Resolves when most of the buffered bytes are gone, or the connection is. */
  drained(): Promise<void>
}

/** Listens to what must be live also while nobody does, and hears nothing. */
export const silentSubscriber: Subscriber = {
  isOpen: true,
  bufferedBytes: 0,
  send() {},
  subscribe: () => true,
  unsubscribe() {},
  isSubscribed: () => false,
  drained: () => Promise.resolve(),
}
