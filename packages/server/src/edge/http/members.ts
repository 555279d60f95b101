import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi"
import {
  ban,
  changeMember,
  invite,
  limits,
  madeInvite,
  member,
  newBan,
  newInvite,
  role,
  userRef,
  uuid,
} from "@klatch/protocol"
import type { Principal } from "../../auth/principal.ts"
import { addressOf, type HttpServices, reader, writer } from "./context.ts"
import { sample } from "./sample.ts"
import { asker, body, bodyErrors, json, listLimit, roomBody, roomErrors, roomPath } from "./schemas.ts"

const { roomId, userId } = sample
const memberPath = roomPath.extend({ user_id: userRef.meta({ example: "bob" }) })
const anInvite = {
  id: roomId,
  room_id: roomId,
  role: "member",
  created_by: userId,
  created_at: sample.at,
  expires_at: "2026-03-21T09:26:53.589Z",
  uses: 0,
  uses_max: 1,
} as const

const join = createRoute({
  method: "post",
  path: "/rooms/{id}/join",
  operationId: "joinRoom",
  tags: ["Members"],
  summary: "Become a member of a public room",
  request: { params: roomPath, query: asker },
  responses: {
    200: json(z.object({ room_id: uuid, role }), "The membership.", { room_id: roomId, role: "member" }),
    ...roomErrors,
  },
})
const leave = createRoute({
  method: "post",
  path: "/rooms/{id}/leave",
  operationId: "leaveRoom",
  tags: ["Members"],
  summary: "End my membership",
  request: { params: roomPath, query: asker },
  responses: { 204: { description: "The membership is over." }, ...roomErrors },
})
const listMembers = createRoute({
  method: "get",
  path: "/rooms/{id}/members",
  operationId: "listMembers",
  tags: ["Members"],
  summary: "A room's members",
  request: {
    params: roomPath,
    query: asker.extend({
      after: uuid.optional().describe("The id of the last member of the page before."),
      limit: listLimit,
    }),
  },
  responses: {
    200: json(
      z.object({ members: z.array(member), has_more: z.boolean() }),
      "Members in the order of their ids.",
      {
        members: [{ id: userId, username: "alice", display_name: "alice", role: "owner", muted_until: null }],
        has_more: false,
      },
    ),
    ...roomErrors,
  },
})
const addMembers = createRoute({
  method: "post",
  path: "/rooms/{id}/members",
  operationId: "addMembers",
  tags: ["Members"],
  summary: "Add members",
  description: "Those who are members already stay what they are.",
  request: {
    params: roomPath,
    query: asker,
    body: body(
      z.object({
        users: z.array(userRef).min(1).max(limits.membersPerRequestMax).describe("Whom, by id or name."),
      }),
      { users: ["bob"] },
    ),
  },
  responses: { 204: { description: "They are members." }, ...roomErrors, ...bodyErrors },
})
const patchMember = createRoute({
  method: "patch",
  path: "/rooms/{id}/members/{user_id}",
  operationId: "changeMember",
  tags: ["Members"],
  summary: "Give a member another role, or let them only read for a while",
  description:
    "Only of members below oneself, and only to roles below one's own. `owner` hands the room over. Everyone in it " +
    "is told by a `member` event. Of what is asked for together all is done, or nothing.",
  request: { params: memberPath, query: asker, body: body(changeMember, { role: "moderator" }) },
  responses: { 204: { description: "So it is." }, ...roomErrors, ...bodyErrors },
})
const kick = createRoute({
  method: "delete",
  path: "/rooms/{id}/members/{user_id}",
  operationId: "removeMember",
  tags: ["Members"],
  summary: "Remove a member",
  description: "They hear and write nothing more here, at once; where they may, they can join again.",
  request: { params: memberPath, query: asker },
  responses: { 204: { description: "They are no member." }, ...roomErrors },
})
const listBans = createRoute({
  method: "get",
  path: "/rooms/{id}/bans",
  operationId: "listBans",
  tags: ["Members"],
  summary: "Who is banned from a room",
  request: {
    params: roomPath,
    query: asker.extend({
      after: uuid.optional().describe("The id of the last one banned of the page before."),
      limit: listLimit,
    }),
  },
  responses: {
    200: json(z.object({ bans: z.array(ban), has_more: z.boolean() }), "Bans.", {
      bans: [
        {
          user: { id: userId, username: "mallory", display_name: "mallory" },
          banned_by: userId,
          banned_at: sample.at,
          until: null,
          reason: "spam",
        },
      ],
      has_more: false,
    }),
    ...roomErrors,
  },
})
const banRoute = createRoute({
  method: "post",
  path: "/rooms/{id}/bans",
  operationId: "banMember",
  tags: ["Members"],
  summary: "Ban someone from a room",
  description: "Ends their membership, if there is one, and keeps them out by whatever way.",
  request: { params: roomPath, query: asker, body: body(newBan, { user: "mallory", reason: "spam" }) },
  responses: { 204: { description: "They are banned." }, ...roomErrors, ...bodyErrors },
})
const unban = createRoute({
  method: "delete",
  path: "/rooms/{id}/bans/{user_id}",
  operationId: "unbanMember",
  tags: ["Members"],
  summary: "Let someone come back",
  request: { params: memberPath, query: asker },
  responses: { 204: { description: "They may." }, ...roomErrors },
})
const makeInvite = createRoute({
  method: "post",
  path: "/rooms/{id}/invites",
  operationId: "createInvite",
  tags: ["Members"],
  summary: "Make an invitation",
  description: "Whoever has its code may come in, so often and so long. The code is told this once.",
  request: { params: roomPath, query: asker, body: body(newInvite, { uses_max: 10 }) },
  responses: {
    201: json(madeInvite, "The invitation.", { ...anInvite, code: "Zl0k2mJ8fQ9xR1tV3wY5aA" }),
    ...roomErrors,
    ...bodyErrors,
  },
})
const listInvites = createRoute({
  method: "get",
  path: "/rooms/{id}/invites",
  operationId: "listInvites",
  tags: ["Members"],
  summary: "A room's invitations that can still be used",
  description:
    "For its owner and admins. One lets nobody in while who made it, `created_by`, may not invite themselves.",
  request: {
    params: roomPath,
    query: asker.extend({
      after: uuid.optional().describe("The id of the last one of the page before."),
      limit: listLimit,
    }),
  },
  responses: {
    200: json(z.object({ invites: z.array(invite), has_more: z.boolean() }), "Invitations, without codes.", {
      invites: [anInvite],
      has_more: false,
    }),
    ...roomErrors,
  },
})
const endInvite = createRoute({
  method: "delete",
  path: "/rooms/{id}/invites/{invite_id}",
  operationId: "endInvite",
  tags: ["Members"],
  summary: "End an invitation",
  request: {
    params: roomPath.extend({ invite_id: uuid.meta({ description: "The invitation.", example: roomId }) }),
    query: asker,
  },
  responses: { 204: { description: "Nobody comes in by it any more." }, ...roomErrors },
})
const accept = createRoute({
  method: "post",
  path: "/invites/{code}/accept",
  operationId: "acceptInvite",
  tags: ["Members"],
  summary: "Come in by an invitation",
  request: {
    params: z.object({
      code: z
        .string()
        .max(64)
        .meta({ description: "The invitation's code.", example: "Zl0k2mJ8fQ9xR1tV3wY5aA" }),
    }),
    query: asker,
  },
  responses: {
    200: json(roomBody, "The room, of which one is a member now.", {
      ...{ id: roomId, kind: "private", name: "Back room", slug: null, topic: "", head: 42 },
      ...{ created_at: sample.at, archived: false, slow_mode_s: 0, rights: {}, role: "member" },
    }),
    ...roomErrors,
  },
})

/** Memberships, bans and invitations over HTTP. */
export function mountMembers(app: OpenAPIHono, services: HttpServices): void {
  const { rooms, members, moderation, invites, users, audit } = services
  // Before anyone is looked for: that there is nobody of a name would tell a hidden room from a missing one ([A8]).
  const knownRoom = async (principal: Principal, ref: string) => {
    const room = await rooms.find(principal, ref)
    await members.require(principal, "read", room)
    return room
  }
  app.openapi(join, async (c) => {
    const principal = await writer(services, c.req.raw)
    const found = await rooms.find(principal, c.req.valid("param").id)
    const { role } = await members.join(principal, found)
    return c.json({ room_id: found.id, role }, 200)
  })
  app.openapi(leave, async (c) => {
    const principal = await writer(services, c.req.raw)
    const room = await rooms.find(principal, c.req.valid("param").id)
    const heir = await members.leave(principal, room)
    const act = { by: principal, target: heir?.username, roomId: room.id, address: addressOf(c) }
    if (heir) await audit.record({ action: "ownership_passed", ...act })
    return c.body(null, 204)
  })
  app.openapi(listMembers, async (c) => {
    const principal = await reader(services, c.req.raw)
    const found = await knownRoom(principal, c.req.valid("param").id)
    const { after, limit } = c.req.valid("query")
    return c.json(await members.list(principal, found, after, limit), 200)
  })
  app.openapi(addMembers, async (c) => {
    const principal = await writer(services, c.req.raw)
    const found = await knownRoom(principal, c.req.valid("param").id)
    const added = await users.findAll(c.req.valid("json").users)
    await members.add(principal, found, added)
    await audit.recordAdded(principal, found.id, added, addressOf(c))
    return c.body(null, 204)
  })
  app.openapi(patchMember, async (c) => {
    const principal = await writer(services, c.req.raw)
    const { id, user_id } = c.req.valid("param")
    const [room, user] = [await knownRoom(principal, id), await users.find(user_id)]
    const { role, mute_s } = c.req.valid("json")
    if (role === undefined && mute_s === undefined) return c.body(null, 204)
    await moderation.change(principal, room, user, { role, muteS: mute_s })
    const act = { by: principal, target: user.username, roomId: room.id, address: addressOf(c) }
    if (mute_s !== undefined)
      await audit.record({ action: "member_muted", ...act, details: { for_s: mute_s } })
    if (role !== undefined) await audit.record({ action: "role_changed", ...act, details: { role } })
    return c.body(null, 204)
  })
  app.openapi(kick, async (c) => {
    const principal = await writer(services, c.req.raw)
    const { id, user_id } = c.req.valid("param")
    const [room, user] = [await knownRoom(principal, id), await users.find(user_id)]
    await moderation.kick(principal, room, user)
    const act = { by: principal, target: user.username, roomId: room.id, address: addressOf(c) }
    await audit.record({ action: "member_removed", ...act })
    return c.body(null, 204)
  })
  app.openapi(listBans, async (c) => {
    const principal = await writer(services, c.req.raw)
    const { after, limit } = c.req.valid("query")
    const room = await rooms.find(principal, c.req.valid("param").id)
    return c.json(await moderation.bans(principal, room, after, limit), 200)
  })
  app.openapi(banRoute, async (c) => {
    const principal = await writer(services, c.req.raw)
    const { user: ref, for_s, reason } = c.req.valid("json")
    const [room, user] = [await knownRoom(principal, c.req.valid("param").id), await users.find(ref)]
    await moderation.ban(principal, room, user, { seconds: for_s, reason })
    const act = { by: principal, target: user.username, roomId: room.id, address: addressOf(c) }
    await audit.record({ action: "member_banned", ...act, details: { for_s: for_s ?? null } })
    return c.body(null, 204)
  })
  app.openapi(unban, async (c) => {
    const principal = await writer(services, c.req.raw)
    const { id, user_id } = c.req.valid("param")
    const [room, user] = [await knownRoom(principal, id), await users.find(user_id)]
    await moderation.unban(principal, room, user)
    const act = { by: principal, target: user.username, roomId: room.id, address: addressOf(c) }
    await audit.record({ action: "member_unbanned", ...act })
    return c.body(null, 204)
  })
  app.openapi(makeInvite, async (c) => {
    const principal = await writer(services, c.req.raw)
    const room = await rooms.find(principal, c.req.valid("param").id)
    const made = await invites.create(principal, room, c.req.valid("json"))
    const act = { by: principal, target: made.id, roomId: room.id, address: addressOf(c) }
    await audit.record({ action: "invite_created", ...act })
    return c.json(made, 201)
  })
  app.openapi(listInvites, async (c) => {
    const principal = await writer(services, c.req.raw)
    const { after, limit } = c.req.valid("query")
    const room = await rooms.find(principal, c.req.valid("param").id)
    return c.json(await invites.list(principal, room, after, limit), 200)
  })
  app.openapi(endInvite, async (c) => {
    const principal = await writer(services, c.req.raw)
    const { id, invite_id } = c.req.valid("param")
    const room = await rooms.find(principal, id)
    await invites.end(principal, room, invite_id)
    const act = { by: principal, target: invite_id, roomId: room.id, address: addressOf(c) }
    await audit.record({ action: "invite_ended", ...act })
    return c.body(null, 204)
  })
  app.openapi(accept, async (c) => {
    const principal = await writer(services, c.req.raw)
    const { room, used } = await invites.accept(principal, c.req.valid("param").code)
    const act = { by: principal, target: used?.id, roomId: room.id, address: addressOf(c) }
    if (used) await audit.record({ action: "invite_accepted", ...act, details: { made_by: used.created_by } })
    return c.json(await rooms.get(principal, room.id), 200)
  })
}
