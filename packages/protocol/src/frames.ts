import type { z } from "zod"
import { historyFrame } from "./history.ts"
import { joinFrame, leaveFrame } from "./member.ts"
import {
  broadcastFrame,
  chatFrame,
  deleteFrame,
  dmFrame,
  editFrame,
  groupFrame,
  messageFrame,
} from "./message.ts"
import { pinFrame, unpinFrame } from "./pin.ts"
import { presenceFrame } from "./presence.ts"
import { reactFrame, unreactFrame } from "./reaction.ts"
import { readFrame } from "./read.ts"
import { resumeFrame } from "./resume.ts"
import { authFrame, pingFrame } from "./session.ts"
import { typingFrame } from "./typing.ts"

/** Every frame a client may send, by its `type`: look the type up first, then check against its schema. */
export const frameSchemas = {
  message: messageFrame,
  chat: chatFrame,
  dm: dmFrame,
  group: groupFrame,
  broadcast: broadcastFrame,
  join: joinFrame,
  leave: leaveFrame,
  resume: resumeFrame,
  history: historyFrame,
  edit: editFrame,
  delete: deleteFrame,
  react: reactFrame,
  unreact: unreactFrame,
  pin: pinFrame,
  unpin: unpinFrame,
  typing: typingFrame,
  read: readFrame,
  presence: presenceFrame,
  auth: authFrame,
  ping: pingFrame,
} as const

export type FrameType = keyof typeof frameSchemas
/** A checked frame of one type. */
export type FrameOf<T extends FrameType> = z.output<(typeof frameSchemas)[T]>
/** A frame as a client writes it, defaults not yet filled in. */
export type Frame = { [T in FrameType]: z.input<(typeof frameSchemas)[T]> }[FrameType]

/** Whether `type` names a frame; own keys only, so `__proto__` and `constructor` do not. */
export const isFrameType = (type: unknown): type is FrameType =>
  typeof type === "string" && Object.hasOwn(frameSchemas, type)
