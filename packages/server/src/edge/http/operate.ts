import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi"
import { AppError } from "../../lib/app-error.ts"
import type { HttpServices } from "./context.ts"
import { errors, json } from "./schemas.ts"

const health = createRoute({
  method: "get",
  path: "/healthz",
  operationId: "health",
  tags: ["Operate"],
  summary: "Whether this process lives",
  description: "For a liveness probe. It does not ask the database.",
  responses: { 200: json(z.object({ status: z.literal("ok") }), "It lives.", { status: "ok" }) },
})
const ready = createRoute({
  method: "get",
  path: "/readyz",
  operationId: "readiness",
  tags: ["Operate"],
  summary: "Whether this node can serve",
  description:
    "For a readiness probe and a load balancer: 503 while the database is away and while this node drains.",
  responses: {
    200: json(z.object({ status: z.literal("ready") }), "It can.", { status: "ready" }),
    503: errors[503],
  },
})
const metrics = createRoute({
  method: "get",
  path: "/metrics",
  operationId: "metrics",
  tags: ["Operate"],
  summary: "Metrics for Prometheus",
  responses: { 200: { content: { "text/plain": { schema: z.string() } }, description: "The metrics page." } },
})

/** For those who run it. */
export function mountOperate(app: OpenAPIHono, services: HttpServices): void {
  app.openapi(health, (c) => c.json({ status: "ok" as const }, 200))
  app.openapi(ready, async (c) => {
    const why = await services.notReady()
    if (why !== undefined) throw new AppError("unavailable", why, { retryAfterMs: 1_000 })
    return c.json({ status: "ready" as const }, 200)
  })
  app.openapi(metrics, async (c) =>
    c.text(await services.metrics.text(), 200, { "content-type": services.metrics.contentType }),
  )
}
