import type { OpenAPIHono } from "@hono/zod-openapi"
import { AppError } from "../../lib/app-error.ts"
import { type HttpServices, writer } from "./context.ts"

/** Addresses of the contract that this version does not have yet. */
const later: readonly (readonly [method: string, path: string])[] = [
  ["GET", "/search"],
  ["GET", "/rooms/:id/search"],
  ["GET", "/rooms/:id/receipts"],
  ["GET", "/rooms/:id/pins"],
  ["GET", "/rooms/:id/messages/:message_id/thread"],
  ["PUT", "/rooms/:id/messages/:message_id/reactions/:emoji"],
  ["DELETE", "/rooms/:id/messages/:message_id/reactions/:emoji"],
  ["POST", "/uploads"],
  ["GET", "/files/:id"],
  ["GET", "/files/:id/thumbnail"],
]

/**
 * Tells whoever asks for them that they will come, where "nothing at this address" would send them looking for a
 * mistake of their own. They are no operations of the document. A stranger is asked to sign in first, as everywhere,
 * and nobody learns whether a room exists.
 */
export function mountLater(app: OpenAPIHono, services: HttpServices): void {
  for (const [method, path] of later)
    app.on(method, path, async (c) => {
      await writer(services, c.req.raw)
      throw new AppError("not_supported")
    })
}
