import { z } from "zod"
import { timestamp, username } from "./ids.ts"
import { limits } from "./limits.ts"
import { user } from "./session.ts"
import { isStorable, text } from "./text.ts"

/** Any characters; long rather than odd (NIST SP 800-63B 3.1.1.2). */
export const password = z
  .string()
  .min(limits.passwordCharsMin, `must have at least ${limits.passwordCharsMin} characters`)
  .max(limits.passwordCharsMax)
  .refine(isStorable, "must be well-formed Unicode without NUL")
  .describe("Any characters; a sentence is better than a riddle.")

export const displayName = text(limits.displayNameCharsMax).describe("How others see them.")
export const avatarUrl = z
  .url({ protocol: /^https?$/ })
  .max(2_048)
  .describe("A picture, by http or https.")

export const signUp = z.object({ username, password, display_name: displayName.optional() })
export const logIn = z.object({
  username: z.string().min(1).max(limits.usernameCharsMax),
  password: z.string().max(limits.passwordCharsMax),
})
/** Absent where a client keeps none: then only what rode along as a token counts. */
export const refreshBody = z.object({ refresh_token: z.string().max(limits.tokenCharsMax) })
export const newPassword = z.object({ old_password: z.string().max(limits.passwordCharsMax), password })
export const changeMe = z.object({ display_name: displayName, avatar_url: avatarUrl }).partial()

/** What signing in gives. */
export const tokens = z.object({
  user,
  access_token: z.string().describe("For `Authorization: Bearer`, for `auth` frames and for tickets."),
  refresh_token: z.string().describe("Of one use: `POST /auth/refresh` gives the next."),
  expires_at: timestamp.describe("When the access token ends."),
  expires_in: z.number().int().describe("The same, in seconds from now (RFC 6749, 5.1)."),
})
export const ticket = z.object({
  ticket: z.string().describe("For `?ticket=` of one WebSocket."),
  expires_at: timestamp,
})
/** The OpenID provider that people may sign in by: what a page needs to send them there. */
export const oidcProvider = z.object({
  name: z.string().describe("For the button: “Sign in with …”."),
  authorization_endpoint: z.url().describe("Where a page sends people, with a PKCE challenge (S256)."),
  client_id: z.string(),
  scope: z.string(),
})
/** What a page has when they are back. */
export const oidcCode = z.object({
  code: z.string().min(1).max(limits.tokenCharsMax).describe("As the provider gave it; of one use."),
  code_verifier: z
    .string()
    .regex(/^[\w.~-]{43,128}$/, "must be 43..128 of A-Z, a-z, 0-9, -, ., _ and ~ (RFC 7636, 4.1)")
    .describe("What the challenge was made of."),
  nonce: z.string().min(1).max(256).describe("As in the authorization request."),
  redirect_uri: z
    .url({ protocol: /^https?$/ })
    .max(2_048)
    .describe("As in the authorization request: a page of this server or of an origin in CORS_ORIGINS."),
  iss: z.string().min(1).max(512).optional().describe("As the provider gave it (RFC 9207), if it did."),
})
/** Someone, as they see themselves. */
export const me = user.extend({
  is_admin: z.boolean(),
  avatar_url: z.string().nullable(),
  expires_at: timestamp
    .nullable()
    .describe("When what they signed in with ends; null for a name in open mode."),
})
/** Someone else. */
export const person = user.extend({ avatar_url: z.string().nullable() })
