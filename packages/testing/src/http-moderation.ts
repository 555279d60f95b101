import { changeMember, changeRoom, newBan, newInvite, userRef, uuid } from "@klatch/protocol"
import type { Directory } from "./directory.ts"
import {
  type Answer,
  done,
  type HttpRequest,
  type HttpServices,
  named,
  object,
  ok,
  pageOf,
  type Routes,
  window,
} from "./http-parts.ts"
import type { Action } from "./policy.ts"
import { checked } from "./refusal.ts"

/** What members with a say ask for. */
export const moderationRoutes: Routes = [
  ["PATCH", /^\/rooms\/([^/]+)$/, changeSettings],
  ["PATCH", /^\/rooms\/([^/]+)\/members\/([^/]+)$/, changeStanding],
  ["DELETE", /^\/rooms\/([^/]+)\/members\/([^/]+)$/, kick],
  ["GET", /^\/rooms\/([^/]+)\/bans$/, listBans],
  ["POST", /^\/rooms\/([^/]+)\/bans$/, ban],
  ["DELETE", /^\/rooms\/([^/]+)\/bans\/([^/]+)$/, unban],
  ["GET", /^\/rooms\/([^/]+)\/invites$/, listInvitations],
  ["POST", /^\/rooms\/([^/]+)\/invites$/, invite],
  ["DELETE", /^\/rooms\/([^/]+)\/invites\/([^/]+)$/, endInvitation],
  ["POST", /^\/invites\/([^/]+)\/accept$/, accept],
]

/** What must be allowed to change each of these. */
const actionOf = {
  name: "change_room",
  topic: "change_room",
  archived: "archive",
  slow_mode_s: "change_rights",
  rights: "change_rights",
} as const satisfies Record<string, Action>

function changeSettings({ directory }: HttpServices, request: HttpRequest, ref: string): Answer {
  const input = checked(changeRoom, object(request), "body")
  const user = named(request.asker)
  const room = directory.find(user, ref)
  const asked = new Set(Object.keys(input).map((field) => actionOf[field as keyof typeof actionOf]))
  const wasArchived = room.archived
  // What is asked for together is decided as it would be one after the other: out of the archive first.
  if (input.archived === false && asked.has("archive")) {
    directory.demand("archive", room, user)
    room.archived = false
  }
  try {
    for (const action of asked.size === 0 ? ["change_room" as const] : asked)
      directory.demand(action, room, user)
  } finally {
    room.archived = wasArchived
  }
  const { name = room.name, topic = room.topic, archived = room.archived, rights = room.rights } = input
  const slowModeS = input.slow_mode_s ?? room.slowModeS
  directory.publish(room.change(user, { name, topic, archived, rights, slowModeS }))
  return ok(room.describe(user.id))
}

/** The asker, the room, and whom it is about. */
function act(directory: Directory, { asker }: HttpRequest, ref: string, who: string) {
  const by = named(asker)
  const room = directory.find(by, ref)
  return { by, room, user: directory.findUser(checked(userRef, who, "user_id")) }
}

function changeStanding(services: HttpServices, request: HttpRequest, ref: string, who: string): Answer {
  const { role, mute_s } = checked(changeMember, object(request), "body")
  const { by, room, user } = act(services.directory, request, ref, who)
  if (role === undefined && mute_s === undefined) services.directory.demand("read", room, by)
  services.moderation.change(by, room, user, { role, muteS: mute_s })
  return done
}

function kick(services: HttpServices, request: HttpRequest, ref: string, who: string): Answer {
  const { by, room, user } = act(services.directory, request, ref, who)
  services.moderation.kick(by, room, user)
  return done
}

function listBans({ directory }: HttpServices, { asker, query }: HttpRequest, ref: string): Answer {
  const by = named(asker)
  const { after, limit } = window(query)
  const room = directory.find(by, ref)
  directory.demand("ban", room, by)
  const page = pageOf(room.bans.all, ({ user }) => user.id > (after ?? ""), limit)
  return ok({ bans: page.items, has_more: page.has_more })
}

function ban(services: HttpServices, request: HttpRequest, ref: string): Answer {
  const { user: who, for_s, reason } = checked(newBan, object(request), "body")
  const { by, room, user } = act(services.directory, request, ref, who)
  services.moderation.ban(by, room, user, for_s, reason)
  return done
}

function unban(services: HttpServices, request: HttpRequest, ref: string, who: string): Answer {
  const { by, room, user } = act(services.directory, request, ref, who)
  services.moderation.unban(by, room, user)
  return done
}

function invite({ directory, invitations }: HttpServices, request: HttpRequest, ref: string): Answer {
  const input = checked(newInvite, object(request), "body")
  const by = named(request.asker)
  return ok(invitations.create(by, directory.find(by, ref), input), 201)
}

function listInvitations(
  { directory, invitations }: HttpServices,
  { asker, query }: HttpRequest,
  ref: string,
): Answer {
  const by = named(asker)
  const { after, limit } = window(query)
  const all = invitations.list(by, directory.find(by, ref))
  const page = pageOf(all, ({ id }) => id > (after ?? ""), limit)
  return ok({ invites: page.items, has_more: page.has_more })
}

function endInvitation(
  { directory, invitations }: HttpServices,
  { asker }: HttpRequest,
  ref: string,
  id: string,
): Answer {
  const by = named(asker)
  invitations.end(by, directory.find(by, ref), checked(uuid, id, "invite_id"))
  return done
}

function accept({ invitations }: HttpServices, { asker }: HttpRequest, code: string): Answer {
  const user = named(asker)
  return ok(invitations.accept(user, code).describe(user.id))
}
