import type { AppError } from "./app-error.ts"

/** The body and headers of an error, as every HTTP answer shapes it. */
export function errorResponse(error: AppError, headers: Record<string, string> = {}): Response {
  const { code, message, details, retryAfterMs, status } = error
  const upgrade: Record<string, string> = code === "upgrade_required" ? { upgrade: "websocket" } : {}
  const retry = retryAfterMs === undefined ? {} : { "retry-after": String(Math.ceil(retryAfterMs / 1_000)) }
  return Response.json(
    { error: { code, message, details, retry_after_ms: retryAfterMs } },
    {
      status,
      headers: {
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        ...retry,
        ...upgrade,
        ...headers,
      },
    },
  )
}
