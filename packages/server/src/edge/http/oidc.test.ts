import { expect, test } from "bun:test"
import { Budgets } from "../../auth/budgets.ts"
import { AppError } from "../../lib/app-error.ts"
import { ManualClock } from "../../lib/clock.ts"
import type { HttpServices } from "./context.ts"
import { makeRoutes } from "./routes.ts"

test("[A15] where no provider is configured there is nothing to sign in by", async () => {
  const toldAs = (error: unknown) => (error instanceof AppError ? error : new AppError("internal"))
  const budgets = new Budgets(new ManualClock(), false)
  const services = { oidc: undefined, isOwnPage: () => true, toldAs, budgets }
  const routes = makeRoutes(services as unknown as HttpServices)
  const body = JSON.stringify({
    code: "x",
    code_verifier: "v".repeat(43),
    nonce: "n",
    redirect_uri: "https://chat.example/",
  })
  const headers = { "content-type": "application/json" }
  for (const asked of [undefined, { method: "POST", headers, body }]) {
    const answer = await routes.request("/auth/oidc", asked)
    expect([answer.status, await answer.json()]).toMatchObject([404, { error: { code: "not_found" } }])
  }
})
