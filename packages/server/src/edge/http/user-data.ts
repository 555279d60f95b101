import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi"
import { limits, user as userBody, userRef } from "@klatch/protocol"
import type { Context } from "hono"
import type { Principal } from "../../auth/principal.ts"
import { AppError } from "../../lib/app-error.ts"
import { addressOf, type HttpServices, writer } from "./context.ts"
import { sample } from "./sample.ts"
import { errorBody, errors, json } from "./schemas.ts"

const userPath = z.object({ id: userRef.meta({ example: "alice" }) })
const ownErrors = {
  ...errors,
  403: json(errorBody, "For oneself, administrators and back ends only."),
  404: json(errorBody, "There is nobody of this name."),
} as const

const exportUser = createRoute({
  method: "get",
  path: "/users/{id}/export",
  operationId: "exportUser",
  tags: ["Accounts"],
  summary: "All that is kept of someone",
  description:
    "One's own, or anyone's for administrators and back ends. A JSON object a line, each with its `type`: " +
    "`export`, `profile`, `identity`, `sign_in`, `membership` (with the read mark), `ban`, `invite`, `inbox`, " +
    "`message` (in all rooms, also those left), `audit`, and last `end` with how many lines there were: without it " +
    "the answer was cut short. Passwords and tokens are not in it.",
  request: { params: userPath },
  responses: {
    200: { content: { "application/x-ndjson": { schema: z.string() } }, description: "The lines." },
    ...ownErrors,
  },
})
const deleteUser = createRoute({
  method: "delete",
  path: "/users/{id}",
  operationId: "deleteUser",
  tags: ["Accounts"],
  summary: "Delete someone and what they wrote",
  description:
    "Oneself, or anyone for administrators and back ends. Needs an export of the last 24 hours, or their name as " +
    "`confirm`. At once: sign-ins and connections end, account, password and profile are gone. Soon after: each of " +
    "their messages is emptied as by its deletion, and each membership ends. Their name stays taken, and their " +
    "identity at your issuer stays known, so that nobody becomes them; the audit log keeps what they did.",
  request: {
    params: userPath,
    query: z.object({
      confirm: z
        .string()
        .max(limits.usernameCharsMax)
        .optional()
        .describe("Their name, where no export was made."),
    }),
  },
  responses: {
    202: json(userBody, "How they are shown from now on.", {
      id: sample.userId,
      username: "deleted-0c5f1a2b3c4d",
      display_name: "Deleted user",
    }),
    ...ownErrors,
    409: json(errorBody, "No recent export, and no confirmation."),
  },
})

/** What is kept of people, handed out and taken out. */
export function mountUserData(app: OpenAPIHono, services: HttpServices): void {
  const { users, audit, budgets, deletions, exportOf, toldAs } = services
  /** Whoever asks, and about whom; a name that was only claimed is nobody's to act by. */
  const asked = async (c: Context, ref: string) => {
    const by: Principal = await writer(services, c.req.raw)
    if (!by.grant) throw new AppError("unauthorized", "Sign in first: a name alone is not enough here.")
    const user = await users.find(ref)
    if (user.id !== by.user.id && !by.grant.isAdmin)
      throw new AppError("forbidden", "This is for themselves, and for administrators.")
    return { by, user, act: { by, target: user.username, address: addressOf(c) } }
  }
  app.openapi(exportUser, async (c) => {
    const { by, user, act } = await asked(c, c.req.valid("param").id)
    budgets.spendExport(by)
    await audit.record({ action: "user_exported", ...act })
    const lines = await streamOf(exportOf(user), toldAs)
    // The types of routes know of JSON and of plain text only.
    return c.body(lines, 200, { "content-type": "application/x-ndjson; charset=utf-8" }) as never
  })
  app.openapi(deleteUser, async (c) => {
    const { user, act } = await asked(c, c.req.valid("param").id)
    const shown = await deletions.begin(user, c.req.valid("query").confirm)
    await audit.record({ action: "user_deleted", ...act })
    return c.json(shown, 202)
  })
}

/** Sends pieces as they are asked for, the first before the answer begins; one that fails cuts the answer short. */
async function streamOf(
  pieces: AsyncGenerator<string, void>,
  toldAs: (error: unknown) => AppError,
): Promise<ReadableStream<Uint8Array>> {
  const encoder = new TextEncoder()
  const first = await pieces.next()
  let next: IteratorResult<string, void> | undefined = first
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = next ?? (await pieces.next())
        next = undefined
        if (done) controller.close()
        else controller.enqueue(encoder.encode(value))
      } catch (error) {
        controller.error(toldAs(error))
      }
    },
    async cancel() {
      await pieces.return()
    },
  })
}
