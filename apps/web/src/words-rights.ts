import { KlatchError, type Role } from "@klatch/client"
import type { Right } from "@klatch/client/moderation"

/** A right that may be set here: pins are not there yet. */
export type OfferedRight = Exclude<Right, "pin">

/** What a room's people are called, one and many. */
const roles: Readonly<Record<Role, string>> = {
  owner: "owner",
  admin: "admin",
  moderator: "moderator",
  member: "member",
  reader: "reader",
}

/** How long something lasts, as one would say it. */
export function lasting(seconds: number): string {
  const units = [
    ["day", 86_400],
    ["hour", 3_600],
    ["minute", 60],
    ["second", 1],
  ] as const
  const [unit, size] = units.find(([, size]) => seconds >= size && seconds % size === 0) ?? units[3]
  const count = Math.round(seconds / size)
  return count === 1 ? `1 ${unit}` : `${count} ${unit}s`
}

/** Words about who may do what in a room. `words.ts` holds all others. */
export const rights = {
  menu: (name: string) => `What to do about ${name}`,
  write: (name: string) => `Write to ${name}`,
  make: {
    admin: "Make admin",
    moderator: "Make moderator",
    member: "Make member",
    reader: "Let only read",
  } satisfies Record<Exclude<Role, "owner">, string>,
  mute: (seconds: number) => `Mute for ${lasting(seconds)}`,
  unmute: "Let them write again",
  muted: "muted",
  transfer: "Hand the room over",
  kick: "Remove from the room",
  ban: "Ban from the room",

  transferAsk: (name: string, room: string) => `Hand ${room} over to ${name}?`,
  transferTell: "They will own it. You stay as an admin, and only they can hand it back.",
  transferSubmit: "Hand over",
  kickAsk: (name: string, room: string) => `Remove ${name} from ${room}?`,
  kickTell: "They see nothing more of it, from this moment on. They can come back by a new invitation.",
  kickTellPublic:
    "They are out from this moment on. The room is open to all, so they can come back; a ban keeps out.",
  kickSubmit: "Remove",
  banAsk: (name: string, room: string) => `Ban ${name} from ${room}?`,
  banTell: "They are out from this moment on, and no invitation lets them back in.",
  banFor: "For how long",
  banEver: "For ever",
  banReason: "Why (optional)",
  banReasonHint: "Others who may ban see this.",
  banSubmit: "Ban",

  bans: "Banned",
  banOf: (until: string | null, reason: string) =>
    [until === null ? "for ever" : `until ${until}`, reason].filter(Boolean).join(" · "),
  unban: "Let back in",
  unbanOf: (name: string) => `Let back in: ${name}`,

  settings: "Room settings",
  save: "Save",
  name: "Name",
  topic: "Topic",
  slow: "Slow mode",
  slowHint: "How often a member may write. Moderators and above write as they like.",
  slowOff: "Off",
  slowEvery: (seconds: number) => `Once in ${lasting(seconds)}`,
  rights: "Who may",
  right: {
    post: "Write messages",
    add_members: "Add people",
    invite: "Make invitations",
    delete_any: "Delete others' messages",
    edit_any: "Edit others' messages",
  } satisfies Record<OfferedRight, string>,
  least: {
    owner: "Only the owner",
    admin: "Admins and up",
    moderator: "Moderators and up",
    member: "Members and up",
    reader: "Everyone in it",
  } satisfies Record<Role, string>,
  archive: "Archived: it can be read, and nothing more",
  archived: "archived",

  invite: "Invite by a link",
  inviteTitle: (room: string) => `Invite people to ${room}`,
  inviteTell: "Whoever opens the link comes in. Give it only to those you mean.",
  inviteFor: "Good for",
  inviteUses: "People",
  inviteUse: (count: number) => (count === 1 ? "1 person" : `${count} people`),
  inviteMany: "As many as come",
  inviteRole: "They may",
  inviteMember: "read and write",
  inviteReader: "only read",
  inviteSubmit: "Make a link",
  inviteLink: "The link",
  inviteOnce: "It is shown this once. Copy it before you close this.",
  inviteCopy: "Copy the link",
  inviteCopied: "Copied",
  inviteCopyFailed: "It could not be copied. Select it and copy it by hand.",
  invites: "Links in use",
  invitesNone: "No link is in use.",
  inviteUsed: (uses: number, max: number) =>
    max >= 10_000 ? `${uses} came in` : `${uses} of ${max} came in`,
  inviteUntil: (until: string) => `until ${until}`,
  revoke: "End it",
  revokeOf: (until: string) => `End it: the link that is good until ${until}`,

  comingIn: "You are invited. Coming in",
  invited: "You are invited to a room here. Sign in to come in.",
  invitedRoom: "the room you are invited to",
  inviteGoneTitle: "This invitation is not good any more",
  inviteGone:
    "It has ended, all its places are taken, or the link is not whole. Ask whoever sent it for a new one.",
  shutOutTitle: "You cannot come in",
  inviteFailedTitle: "You could not come in just now",

  goneTitle: (room: string) => `You are not in ${room} any more`,
  goneBy: (name: string) => `${name} has taken you out of this room.`,
  gone: "You have left it in another window, or someone who looks after it has taken you out.",
  goneBack: "Join again",
  goneWhat: "What you wrote here stays with the others. For questions, write to someone who is in it.",

  offArchived: "This room is archived: it can be read, and nothing more.",
  offMuted: (until: string) => `You are muted here until ${until}. You can read all the same.`,
  offReader: "You can only read here.",
  offLeast: (least: Role) =>
    least === "owner" ? "Only the owner writes here." : `Only ${roles[least]}s and above write here.`,
  slowWait: (seconds: number) => `Slow mode: write again in ${seconds} s`,

  offline: "This needs the connection. Try again when it is back.",
  refused: "You may not do this here. Perhaps your role, or theirs, has changed.",
  missing: "They are not here any more.",
  tooFast: "That was a little fast. Try again in a moment.",
} as const

/** Why something could not be done, in a sentence. `missing`: what is not there. */
export function refusalOf(thrown: unknown, missing: string = rights.missing): string {
  if (!(thrown instanceof KlatchError)) return String(thrown)
  switch (thrown.code) {
    case "closed":
    case "timeout":
    case "unavailable":
      return rights.offline
    case "forbidden":
      return rights.refused
    case "not_found":
      return missing
    case "rate_limited":
      return rights.tooFast
    default:
      return thrown.message
  }
}
