import { availableParallelism } from "node:os"
import { z } from "zod"
import { type RedisAddress, redisAddressOf } from "./redis-address.ts"

/** How our own tokens name their issuer: outside tokens that said the same would be taken for ours, and refused. */
export const ownIssuer = "klatch"

const flag = z.enum(["true", "false", "1", "0"]).transform((v) => v === "true" || v === "1")
const empty = (value: unknown) => (value === "" ? undefined : value)
const optional = <T extends z.ZodType>(schema: T) => z.preprocess(empty, schema.optional())
const withDefault = <T extends z.ZodType>(schema: T, value: z.input<T>) =>
  z.preprocess((v) => empty(v) ?? value, schema)

const postgresUrl = z
  .string()
  .refine((v) => /^postgres(ql)?:\/\//.test(v), "must begin with postgres:// or postgresql://")
const redisUrl = z
  .string()
  .refine(
    (v) => redisAddressOf(v) !== undefined,
    "must be redis://host:port, rediss://…, redis+sentinel://host,host/master, redis+cluster://host,host, or host:port",
  )
const origins = z.string().transform((list, context) =>
  list
    .split(",")
    .map((item) => item.trim())
    .filter(Boolean)
    .map((item) => {
      if (item === "*") return item
      if (URL.canParse(item) && new URL(item).origin === item.toLowerCase()) return item.toLowerCase()
      context.addIssue({
        code: "custom",
        message: "must be origins such as https://app.example, comma-separated",
      })
      return z.NEVER
    }),
)

/** What is said on the way to a provider must not be heard: only on this machine may it go in the clear. */
const issuerUrl = z
  .string()
  .refine(
    (v) => isIssuer(URL.parse(v)),
    "must be https, or http on this machine alone, without query or fragment",
  )
const isIssuer = (url: URL | null): boolean => {
  if (url === null || url.search !== "" || url.hash !== "" || url.username !== "") return false
  const isHere = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)
  return url.protocol === "https:" || (url.protocol === "http:" && isHere)
}
const scope = z
  .string()
  .refine((v) => v.split(" ").includes("openid"), "must hold openid; blanks stand between scopes")

/** How many proxies of ours stand in front. */
const proxyHops = z
  .string()
  .regex(/^(true|false|[0-9])$/, "must be true, false, or how many proxies stand in front (0..9)")
  .transform((v) => (v === "true" ? 1 : v === "false" ? 0 : Number(v)))

const schema = z.object({
  APP_ENV: withDefault(z.enum(["development", "production", "test"]), "development"),
  HOST: withDefault(z.string(), "0.0.0.0"),
  PORT: withDefault(
    z
      .string()
      .regex(/^\d{1,5}$/, "must be a whole number, 0..65535")
      .transform(Number)
      .pipe(z.number().max(65_535)),
    "8080",
  ),
  WORKERS: withDefault(
    z
      .string()
      .regex(/^(auto|[1-9]|[1-5]\d|6[0-4])$/, "must be auto, or how many processes, 1..64")
      .transform((v) => (v === "auto" ? availableParallelism() : Number(v))),
    "1",
  ),
  DATABASE_URL: optional(postgresUrl),
  POSTGRES_DSN: optional(postgresUrl),
  DATA_DIR: withDefault(z.string(), "./data"),
  ENABLE_PERSISTENCE: withDefault(flag, "true"),
  REDIS_URL: optional(redisUrl),
  REDIS_ADDR: optional(redisUrl),
  REDIS_PREFIX: withDefault(
    z.string().regex(/^[\w:.-]{1,64}$/, "must be 1..64 letters, digits and any of _ : . -"),
    "klatch",
  ),
  REDIS_LINES: optional(
    z
      .string()
      .regex(/^\d{1,4}$/, "must be a whole number, 1..4096")
      .transform(Number)
      .pipe(z.number().min(1).max(4_096)),
  ),
  AUTH: optional(z.enum(["open", "required"])),
  JWT_SECRET: optional(z.string().min(16, "must have at least 16 characters")),
  JWKS_URL: optional(z.url()),
  JWT_ISSUER: optional(
    z.string().refine((v) => v !== ownIssuer, `must not be ${ownIssuer}, as we name ourselves`),
  ),
  JWT_AUDIENCE: optional(z.string()),
  JWT_CLOCK_TOLERANCE_S: withDefault(
    z
      .string()
      .regex(/^\d{1,3}$/, "must be a whole number of seconds, 0..999")
      .transform(Number),
    "5",
  ),
  OIDC_ISSUER: optional(issuerUrl),
  OIDC_CLIENT_ID: optional(z.string()),
  OIDC_CLIENT_SECRET: optional(z.string()),
  OIDC_SCOPE: withDefault(scope, "openid profile"),
  OIDC_NAME: optional(z.string().max(64, "must have at most 64 characters")),
  CORS_ORIGINS: withDefault(origins, ""),
  TRUST_PROXY: withDefault(proxyHops, "0"),
  RETENTION_DAYS: optional(
    z
      .string()
      .regex(/^\d{1,5}$/, "must be a whole number of days, 1..99999")
      .transform(Number)
      .pipe(z.number().min(1)),
  ),
  LIMITS: withDefault(z.enum(["default", "off"]), "default"),
  LOG_LEVEL: withDefault(z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]), "info"),
})

/** An OpenID provider, and what this server is there. */
export interface OidcConfig {
  readonly issuer: string
  readonly clientId: string
  /** Undefined for a public client. */
  readonly clientSecret: string | undefined
  readonly scope: string
  /** What people call the provider. */
  readonly name: string
}

export interface RedisConfig {
  readonly address: RedisAddress
  /** Nodes hear those of the same prefix. */
  readonly prefix: string
  /** Rooms are spread over so many channels; every node must say the same. */
  readonly lines: number
}

/** What the environment asks for, checked. */
export interface Config {
  readonly mode: "development" | "production" | "test"
  readonly host: string
  readonly port: number
  /** Processes that share the port. */
  readonly workers: number
  readonly databaseUrl: string | undefined
  /** Where the other nodes are heard; undefined for a node that is alone. */
  readonly redis: RedisConfig | undefined
  readonly dataDir: string
  readonly persistent: boolean
  readonly auth: "open" | "required"
  /** The application's own identity: what tokens of outside issuers are checked by. */
  readonly jwt: {
    readonly secret: string | undefined
    readonly jwksUrl: string | undefined
    readonly issuer: string | undefined
    readonly audience: string | undefined
    readonly toleranceS: number
  }
  /** The OpenID provider that people may sign in by. */
  readonly oidc: OidcConfig | undefined
  readonly corsOrigins: readonly string[]
  /** How many proxies of ours stand in front. */
  readonly proxyHops: number
  readonly retentionDays: number | undefined
  readonly limitsOn: boolean
  readonly logLevel: string
}

/** Every fault of an environment at once, one sentence each; none holds a value that could be a secret. */
export class ConfigError extends Error {
  override name = "ConfigError"
  readonly faults: readonly string[]
  constructor(faults: readonly string[]) {
    super(`The environment is not right:\n${faults.map((fault) => `  - ${fault}`).join("\n")}`)
    this.faults = faults
  }
}

/** Reads the environment. Throws `ConfigError` with every fault listed. */
export function readConfig(environment: Record<string, string | undefined>): Config {
  const parsed = schema.safeParse(environment)
  const issues = parsed.error?.issues ?? []
  const faults = issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`)
  // What names a wrong value would mislead: that one counts as unset here.
  const isSound = (fault: string) => !issues.some((issue) => fault.includes(String(issue.path[0])))
  faults.push(...contradictions(readable(environment)).filter(isSound))
  const e = parsed.data
  if (!e || faults.length > 0) throw new ConfigError(faults)
  const hasIssuer = [e.JWT_SECRET, e.JWKS_URL, e.OIDC_ISSUER].some((value) => value !== undefined)
  return {
    mode: e.APP_ENV,
    host: e.HOST,
    port: e.PORT,
    workers: e.WORKERS,
    databaseUrl: e.DATABASE_URL ?? e.POSTGRES_DSN,
    redis: redisOf(e),
    dataDir: e.DATA_DIR,
    persistent: e.ENABLE_PERSISTENCE,
    auth: e.AUTH ?? (!hasIssuer && e.APP_ENV !== "production" ? "open" : "required"),
    jwt: {
      secret: e.JWT_SECRET,
      jwksUrl: e.JWKS_URL,
      issuer: e.JWT_ISSUER,
      audience: e.JWT_AUDIENCE,
      toleranceS: e.JWT_CLOCK_TOLERANCE_S,
    },
    oidc: oidcOf(e),
    corsOrigins: e.CORS_ORIGINS,
    proxyHops: e.TRUST_PROXY,
    retentionDays: e.RETENTION_DAYS,
    limitsOn: e.LIMITS === "default",
    logLevel: e.LOG_LEVEL,
  }
}

type Environment = z.output<typeof schema>

/** In a cluster of Redis channels are spread over its nodes, so there are several. */
const linesOfCluster = 64

function redisOf(e: Environment): RedisConfig | undefined {
  const address = redisAddressOf(e.REDIS_URL ?? e.REDIS_ADDR ?? "")
  if (!address) return undefined
  return {
    address,
    prefix: e.REDIS_PREFIX,
    lines: e.REDIS_LINES ?? (address.kind === "cluster" ? linesOfCluster : 1),
  }
}

function oidcOf(e: Environment): OidcConfig | undefined {
  if (e.OIDC_ISSUER === undefined || e.OIDC_CLIENT_ID === undefined) return undefined
  return {
    issuer: e.OIDC_ISSUER,
    clientId: e.OIDC_CLIENT_ID,
    clientSecret: e.OIDC_CLIENT_SECRET,
    scope: e.OIDC_SCOPE,
    name: e.OIDC_NAME ?? new URL(e.OIDC_ISSUER).host,
  }
}

/** What can be read of an environment, whatever else is wrong with it. */
function readable(environment: Record<string, string | undefined>): Partial<Environment> {
  const values: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(schema.shape)) {
    const value = field.safeParse(environment[name])
    if (value.success) values[name] = value.data
  }
  return values as Partial<Environment>
}

function contradictions(e: Partial<Environment>): string[] {
  const faults: string[] = []
  if (e.DATABASE_URL && e.POSTGRES_DSN && e.DATABASE_URL !== e.POSTGRES_DSN)
    faults.push("DATABASE_URL and POSTGRES_DSN: both are set and differ; set one")
  if ((e.DATABASE_URL ?? e.POSTGRES_DSN) && e.ENABLE_PERSISTENCE === false)
    faults.push("ENABLE_PERSISTENCE=false means a throw-away database; unset DATABASE_URL, or unset this")
  if (e.REDIS_URL && e.REDIS_ADDR && e.REDIS_URL !== e.REDIS_ADDR)
    faults.push("REDIS_URL and REDIS_ADDR: both are set and differ; set one")
  if ((e.REDIS_URL ?? e.REDIS_ADDR) && !(e.DATABASE_URL ?? e.POSTGRES_DSN))
    faults.push(
      "REDIS_URL without DATABASE_URL: nodes share a database; set DATABASE_URL, or unset REDIS_URL",
    )
  if ((e.OIDC_ISSUER === undefined) !== (e.OIDC_CLIENT_ID === undefined))
    faults.push("OIDC_ISSUER and OIDC_CLIENT_ID: one is set without the other; set both, or neither")
  else if (e.OIDC_CLIENT_SECRET !== undefined && e.OIDC_ISSUER === undefined)
    faults.push("OIDC_CLIENT_SECRET: is of no use without OIDC_ISSUER and OIDC_CLIENT_ID")
  const isAnyIssuerSet = e.JWT_SECRET ?? e.JWKS_URL ?? e.OIDC_ISSUER
  if (e.APP_ENV === "production" && e.AUTH === undefined && !isAnyIssuerSet)
    faults.push(
      "APP_ENV=production with none of JWT_SECRET, JWKS_URL and OIDC_ISSUER: set AUTH=required if people sign up " +
        "here, or AUTH=open if anyone may be anyone",
    )
  return faults
}
