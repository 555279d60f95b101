import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi"
import {
  changeMe,
  limits,
  logIn,
  me,
  newPassword,
  person,
  refreshBody,
  signUp,
  ticket,
  tokens,
  type User,
  username,
  userRef,
} from "@klatch/protocol"
import { expiryOf, type Principal } from "../../auth/principal.ts"
import { badRefresh, type Tokens } from "../../auth/sign-ins.ts"
import { AppError } from "../../lib/app-error.ts"
import { addressOf, asking, type HttpServices, writer } from "./context.ts"
import { sample } from "./sample.ts"
import { asker, body, bodyErrors, errorBody, errors, json, listLimit } from "./schemas.ts"

const alice = { id: sample.userId, username: "alice", display_name: "Alice" }
/** An example of what signing in gives. */
export const signedIn = {
  user: alice,
  access_token: "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl",
  refresh_token: `klr_${sample.roomId}.c2VjcmV0`,
  expires_at: sample.at,
  expires_in: 900,
}
/** What a route fails with besides where attempts are counted. */
export const tooMany = {
  429: json(errorBody, "Too many attempts: come back after `retry_after_ms`."),
} as const

const signUpRoute = createRoute({
  method: "post",
  path: "/auth/signup",
  operationId: "signUp",
  tags: ["Accounts"],
  summary: "Make an account",
  description:
    "The name is yours alone from then on. In open mode whoever has only claimed a name so far keeps what they " +
    "wrote: sign up by that name, or say `?user=` who you were as a guest.",
  request: { query: asker, body: body(signUp, { username: "alice", password: "a sentence of one's own" }) },
  responses: {
    201: json(tokens, "Signed in.", signedIn),
    ...errors,
    ...bodyErrors,
    ...tooMany,
    409: json(errorBody, "The name is taken."),
  },
})
const logInRoute = createRoute({
  method: "post",
  path: "/auth/login",
  operationId: "logIn",
  tags: ["Accounts"],
  summary: "Sign in",
  description: "A wrong password and an unknown name are told in the same words, after the same time.",
  request: { body: body(logIn, { username: "alice", password: "a sentence of one's own" }) },
  responses: {
    200: json(tokens, "Signed in.", signedIn),
    ...errors,
    ...bodyErrors,
    ...tooMany,
    403: json(errorBody, "The account is banned."),
  },
})
const refresh = createRoute({
  method: "post",
  path: "/auth/refresh",
  operationId: "refreshTokens",
  tags: ["Accounts"],
  summary: "The next tokens",
  description:
    "A refresh token is of one use. One that comes a second time ends its sign-in, whoever sent it; but for the one " +
    "before the newest, within 10 s and while the newest was not used: that gives another, and spends the newest.",
  request: { body: body(refreshBody, { refresh_token: signedIn.refresh_token }) },
  responses: {
    200: json(tokens.omit({ user: true }), "The next ones.", withoutUser(signedIn)),
    ...errors,
    ...bodyErrors,
  },
})
const logOut = createRoute({
  method: "post",
  path: "/auth/logout",
  operationId: "logOut",
  tags: ["Accounts"],
  summary: "Sign out",
  description:
    "Ends the sign-in of the access token, and that of `refresh_token`, also a spent one; with `everywhere` all of " +
    "one's own. Its connections are closed at once.",
  request: {
    body: {
      ...body(refreshBody.partial().extend({ everywhere: z.boolean().optional() }), {}),
      required: false,
    },
  },
  responses: { 204: { description: "It is over." }, ...errors, ...bodyErrors },
})
const ticketRoute = createRoute({
  method: "post",
  path: "/auth/ticket",
  operationId: "buyTicket",
  tags: ["Accounts"],
  summary: "A ticket for one WebSocket",
  description: `For browsers, which send no headers there. Of one use, within ${limits.ticketMs / 1_000} s.`,
  request: { query: asker },
  responses: {
    201: json(ticket, "The ticket.", {
      ticket: "2t0nJ8pWc0Q3h6mC1b9sY4vK7xZ5aL2eR8uT0iO6dFg",
      expires_at: sample.at,
    }),
    ...errors,
  },
})
const passwordRoute = createRoute({
  method: "post",
  path: "/auth/password",
  operationId: "changePassword",
  tags: ["Accounts"],
  summary: "Change my password",
  description: "Ends all my sign-ins, this one too.",
  request: {
    body: body(newPassword, { old_password: "a sentence of one's own", password: "another sentence" }),
  },
  responses: { 204: { description: "It is changed: sign in again." }, ...errors, ...bodyErrors, ...tooMany },
})
const getMe = createRoute({
  method: "get",
  path: "/me",
  operationId: "getMe",
  tags: ["Accounts"],
  summary: "Who I am",
  request: { query: asker },
  responses: {
    200: json(me, "I, as I see myself.", {
      ...alice,
      is_admin: false,
      avatar_url: null,
      expires_at: sample.at,
    }),
    ...errors,
  },
})
const patchMe = createRoute({
  method: "patch",
  path: "/me",
  operationId: "changeMe",
  tags: ["Accounts"],
  summary: "Change how others see me",
  request: { query: asker, body: body(changeMe, { display_name: "Alice" }) },
  responses: {
    200: json(me, "I, as I am now.", { ...alice, is_admin: false, avatar_url: null, expires_at: sample.at }),
    ...errors,
    ...bodyErrors,
  },
})
const findUsers = createRoute({
  method: "get",
  path: "/users",
  operationId: "findUsers",
  tags: ["Accounts"],
  summary: "People whose name begins so",
  request: {
    query: asker.extend({
      q: z.string().max(limits.usernameCharsMax).default("").describe("How the name begins."),
      after: z
        .string()
        .max(limits.usernameCharsMax)
        .optional()
        .describe("The name of the last of the page before."),
      limit: listLimit,
    }),
  },
  responses: {
    200: json(
      z.object({ users: z.array(person), has_more: z.boolean() }),
      "People in the order of their names.",
      { users: [{ ...alice, avatar_url: null }], has_more: false },
    ),
    ...errors,
  },
})
const getUser = createRoute({
  method: "get",
  path: "/users/{id}",
  operationId: "getUser",
  tags: ["Accounts"],
  summary: "Someone",
  request: { params: z.object({ id: userRef.meta({ example: "alice" }) }), query: asker },
  responses: {
    200: json(person, "Someone.", { ...alice, avatar_url: null }),
    ...errors,
    404: json(errorBody, "There is nobody of this name."),
  },
})

/** Accounts, sign-ins and people over HTTP. */
export function mountAccounts(app: OpenAPIHono, services: HttpServices): void {
  const { accounts, signIns, users, clock, audit } = services
  const answerOf = (given: Tokens) => tokensBody(given, clock.now())
  const meOf = async (principal: Principal) => {
    const { avatar_url } = await users.profile(principal.user.id)
    return {
      ...principal.user,
      avatar_url,
      is_admin: principal.grant?.isAdmin ?? false,
      expires_at: expiryOf(principal),
    }
  }
  /** Ends what a refresh token is of, and says so; undefined when that is nothing. */
  const endSent = async (refreshToken: string, address: string) => {
    const ended = await signIns.endByRefresh(refreshToken)
    if (!ended) return undefined
    const user = await users.profile(ended.userId)
    if (ended.isReused)
      await audit.record({ action: "refresh_token_reused", by: null, actor: user.username, address })
    else await audit.record({ action: "signed_out", by: { user }, address, details: { everywhere: false } })
    return ended
  }
  app.openapi(signUpRoute, async (c) => {
    const { display_name, ...named } = c.req.valid("json")
    const input = { ...named, displayName: display_name }
    const address = addressOf(c)
    const made = await accounts.signUp(input, address, await asking(services, c.req.raw))
    await audit.record({ action: "signed_up", by: { user: made.user }, address })
    return c.json({ user: made.user, ...answerOf(made.tokens) }, 201)
  })
  app.openapi(logInRoute, async (c) => {
    const { username: name, password } = c.req.valid("json")
    const address = addressOf(c)
    const { user, tokens } = await audit.ofAttempt(
      { action: "sign_in_failed", by: null, actor: namePart(name), address },
      accounts.logIn(name, password, address),
    )
    await audit.record({ action: "signed_in", by: { user }, address })
    return c.json({ user, ...answerOf(tokens) }, 200)
  })
  app.openapi(refresh, async (c) => {
    const outcome = await signIns.refresh(c.req.valid("json").refresh_token)
    if ("reusedBy" in outcome) {
      const user = await users.profile(outcome.reusedBy)
      await audit.record({
        action: "refresh_token_reused",
        by: null,
        actor: user.username,
        address: addressOf(c),
      })
      throw badRefresh()
    }
    return c.json(answerOf(outcome), 200)
  })
  app.openapi(logOut, async (c) => {
    const { refresh_token, everywhere = false } = (c.req.valid("json") ?? {}) as {
      refresh_token?: string
      everywhere?: boolean
    }
    const isByToken = refresh_token === undefined || everywhere
    let fault: unknown
    // Asked for before anything ends: the token may be of the same sign-in.
    const principal = await (isByToken ? writer(services, c.req.raw) : asking(services, c.req.raw)).catch(
      (error) => {
        if (isByToken || !(error instanceof AppError)) throw error
        fault = error
        return undefined
      },
    )
    const ended = isByToken ? undefined : await endSent(refresh_token, addressOf(c))
    const grant = principal?.grant
    if (!principal || !grant) {
      // What is of no sign-in, or not any more, has nothing to end (RFC 7009, 2.2).
      if (!isByToken && (ended || !fault)) return c.body(null, 204)
      throw fault ?? new AppError("unauthorized", "Nobody is signed in here.")
    }
    if (everywhere) await accounts.logOutEverywhere(principal.user.id)
    else if (grant.familyId !== undefined && grant.familyId !== ended?.familyId)
      await signIns.end(principal.user.id, grant.familyId)
    else if (ended) return c.body(null, 204)
    else throw new AppError("forbidden", "This token is its issuer's to end; everywhere: true ends it here.")
    const act = { by: principal, address: addressOf(c), details: { everywhere } }
    await audit.record({ action: "signed_out", ...act })
    return c.body(null, 204)
  })
  app.openapi(ticketRoute, async (c) => {
    const principal = await writer(services, c.req.raw)
    const bought = await signIns.ticket(principal)
    // What its socket does is the user's: who opened it stands here.
    if (principal.grant?.key)
      await audit.record({ action: "ticket_bought", by: principal, address: addressOf(c) })
    return c.json({ ticket: bought.ticket, expires_at: new Date(bought.untilMs).toISOString() }, 201)
  })
  app.openapi(passwordRoute, async (c) => {
    const { old_password, password } = c.req.valid("json")
    const principal = await writer(services, c.req.raw)
    await accounts.changePassword(principal, old_password, password)
    await audit.record({ action: "password_changed", by: principal, address: addressOf(c) })
    return c.body(null, 204)
  })
  app.openapi(getMe, async (c) => c.json(await meOf(await writer(services, c.req.raw)), 200))
  app.openapi(patchMe, async (c) => {
    const principal = await writer(services, c.req.raw)
    const { display_name, avatar_url } = c.req.valid("json")
    const user = await accounts.changeProfile(principal, display_name, avatar_url)
    const act = { by: principal, address: addressOf(c), details: { display_name: user.display_name } }
    if (display_name !== undefined) await audit.record({ action: "display_name_changed", ...act })
    return c.json(await meOf({ ...principal, user }), 200)
  })
  app.openapi(findUsers, async (c) => {
    await writer(services, c.req.raw)
    const { q, after, limit } = c.req.valid("query")
    return c.json(await users.search(q, after, limit), 200)
  })
  app.openapi(getUser, async (c) => {
    await writer(services, c.req.raw)
    const { id } = await users.find(c.req.valid("param").id)
    return c.json(await users.profile(id), 200)
  })
}

/** How tokens are told. */
export const tokensBody = (given: Tokens, nowMs: number) => ({
  access_token: given.accessToken,
  refresh_token: given.refreshToken,
  expires_at: new Date(given.accessUntilMs).toISOString(),
  expires_in: Math.max(0, Math.floor((given.accessUntilMs - nowMs) / 1_000)),
})

/** Of what was tried as a name, as much as can be one: a password typed into the wrong field stays out of the log. */
const namePart = (tried: string): string => (username.safeParse(tried).success ? tried : "")

function withoutUser<T extends { user: User }>({ user: _, ...rest }: T): Omit<T, "user"> {
  return rest
}
