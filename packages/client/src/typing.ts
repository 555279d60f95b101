/** Someone who is typing now. */
export interface TypingUser {
  readonly user_id: string
  readonly from: string
}
