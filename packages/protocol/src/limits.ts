/** Every bound of the public contract, once. Times in ms, sizes in the unit their name ends in. */
export const limits = {
  frameBytesMax: 65_536,
  bodyBytesMax: 65_536,
  contentCharsMax: 8_000,
  usernameCharsMin: 2,
  usernameCharsMax: 32,
  displayNameCharsMax: 64,
  passwordCharsMin: 8,
  passwordCharsMax: 256,
  slugCharsMax: 64,
  roomNameCharsMax: 128,
  topicCharsMax: 512,
  clientIdCharsMax: 64,
  refCharsMax: 64,
  emojiCharsMax: 64,
  tokenCharsMax: 8_192,
  attachmentsMax: 10,
  membersPerRequestMax: 100,
  reasonCharsMax: 256,
  mintedSecondsMax: 30 * 24 * 3_600,
  /** A hundred years: longer is for ever. */
  muteSecondsMax: 3_155_760_000,
  inviteSecondsMax: 90 * 24 * 3_600,
  slowModeSecondsMax: 6 * 3_600,
  resumeRoomsMax: 500,
  presenceUsersMax: 500,
  pageMax: 100,
  pageDefault: 50,
  /** A room further behind than this is answered with a gap to page, not with a replay. */
  replayEntriesMax: 1_000,
  heartbeatMs: 30_000,
  authFrameMs: 10_000,
  ticketMs: 30_000,
} as const

/** What `hello` tells a client of the bounds it must keep. */
export const publicLimits = {
  frame_bytes_max: limits.frameBytesMax,
  content_chars_max: limits.contentCharsMax,
  client_id_chars_max: limits.clientIdCharsMax,
  resume_rooms_max: limits.resumeRoomsMax,
  replay_entries_max: limits.replayEntriesMax,
  page_max: limits.pageMax,
} as const
