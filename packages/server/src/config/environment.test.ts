import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { ConfigError, readConfig } from "./environment.ts"

/** The faults of an environment; none when it is right. */
function faultsOf(environment: Record<string, string | undefined>): readonly string[] {
  try {
    readConfig(environment)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
}

const url = "postgres://ann@db.example/chat"

describe("an environment", () => {
  test("that says nothing gives a server in open mode, on port 8080, with its own database", () => {
    const expected = {
      mode: "development",
      host: "0.0.0.0",
      port: 8_080,
      workers: 1,
      databaseUrl: undefined,
      redis: undefined,
      dataDir: "./data",
      persistent: true,
      auth: "open",
      jwt: { secret: undefined, jwksUrl: undefined, issuer: undefined, audience: undefined, toleranceS: 5 },
      oidc: undefined,
      corsOrigins: [],
      proxyHops: 0,
      retentionDays: undefined,
      limitsOn: true,
      logLevel: "info",
    } as const
    expect(readConfig({})).toEqual(expected)
    const names = ["APP_ENV", "PORT", "HOST", "DATABASE_URL", "JWT_SECRET", "CORS_ORIGINS", "RETENTION_DAYS"]
    expect(readConfig(Object.fromEntries(names.map((name) => [name, ""])))).toEqual(expected)
    expect(readConfig({ HOME: "/", PATH: "/bin" })).toEqual(expected)
  })

  test("that says everything is followed", () => {
    const config = readConfig({
      APP_ENV: "production",
      HOST: "::1",
      PORT: "0",
      WORKERS: "3",
      DATABASE_URL: url,
      REDIS_URL: "rediss://ann:s%40fe@cache.example/2",
      REDIS_PREFIX: "chat",
      REDIS_LINES: "8",
      DATA_DIR: "elsewhere",
      AUTH: "open",
      CORS_ORIGINS: " https://app.example, HTTP://Localhost:3000 ,",
      JWT_SECRET: "s".repeat(16),
      JWKS_URL: "https://issuer.example/keys",
      JWT_ISSUER: "https://issuer.example",
      JWT_AUDIENCE: "chat",
      JWT_CLOCK_TOLERANCE_S: "0",
      TRUST_PROXY: "2",
      RETENTION_DAYS: "30",
      LIMITS: "off",
      LOG_LEVEL: "silent",
    })
    expect(config).toEqual({
      mode: "production",
      host: "::1",
      port: 0,
      workers: 3,
      databaseUrl: url,
      redis: {
        address: {
          kind: "one",
          hosts: [{ host: "cache.example", port: 6379 }],
          master: undefined,
          username: "ann",
          password: "s@fe",
          db: 2,
          tls: true,
        },
        prefix: "chat",
        lines: 8,
      },
      dataDir: "elsewhere",
      persistent: true,
      auth: "open",
      jwt: {
        secret: "s".repeat(16),
        jwksUrl: "https://issuer.example/keys",
        issuer: "https://issuer.example",
        audience: "chat",
        toleranceS: 0,
      },
      oidc: undefined,
      corsOrigins: ["https://app.example", "http://localhost:3000"],
      proxyHops: 2,
      retentionDays: 30,
      limitsOn: false,
      logLevel: "silent",
    })
    expect(readConfig({ ENABLE_PERSISTENCE: "false" }).persistent).toBe(false)
    expect(readConfig({ CORS_ORIGINS: "*" }).corsOrigins).toEqual(["*"])
  })

  test("may name its database by POSTGRES_DSN, but not two different ones by both", () => {
    expect(readConfig({ POSTGRES_DSN: url }).databaseUrl).toBe(url)
    expect(readConfig({ POSTGRES_DSN: url, DATABASE_URL: url }).databaseUrl).toBe(url)
    expect(readConfig({ POSTGRES_DSN: url, DATABASE_URL: "" }).databaseUrl).toBe(url)
    expect(faultsOf({ POSTGRES_DSN: url, DATABASE_URL: `${url}2` })).toEqual([
      expect.stringMatching(/^DATABASE_URL and POSTGRES_DSN: .* differ/),
    ])
  })

  test("that wants a throw-away database names none", () => {
    for (const name of ["DATABASE_URL", "POSTGRES_DSN"])
      expect(faultsOf({ [name]: url, ENABLE_PERSISTENCE: "0" })).toEqual([
        expect.stringContaining("ENABLE_PERSISTENCE=false"),
      ])
  })

  test("of production says how people are known: by a secret, or openly on purpose", () => {
    const fault = expect.stringMatching(/^APP_ENV=production .*JWT_SECRET.*AUTH=required.*AUTH=open/)
    expect(faultsOf({ APP_ENV: "production" })).toEqual([fault])
    const known = [{ AUTH: "required" }, { AUTH: "open" }, { JWT_SECRET: "s".repeat(16) }]
    for (const by of known) expect(faultsOf({ APP_ENV: "production", ...by })).toEqual([])
    expect(readConfig({ JWKS_URL: "https://issuer.example/keys" }).auth).toBe("required")
    expect(readConfig({ AUTH: "open", JWT_SECRET: "s".repeat(16) }).auth).toBe("open")
    for (const APP_ENV of ["development", "test"]) expect(readConfig({ APP_ENV }).auth).toBe("open")
  })

  test("may name an OpenID provider: then people sign in, and its host is what it is called", () => {
    const OIDC_ISSUER = "https://id.example:8443/realms/one"
    const named = readConfig({ OIDC_ISSUER, OIDC_CLIENT_ID: "chat" })
    expect([named.auth, named.oidc]).toEqual([
      "required",
      {
        issuer: OIDC_ISSUER,
        clientId: "chat",
        clientSecret: undefined,
        scope: "openid profile",
        name: "id.example:8443",
      },
    ])
    const all = { OIDC_CLIENT_SECRET: "hush", OIDC_SCOPE: "openid email", OIDC_NAME: "Example" }
    expect(readConfig({ OIDC_ISSUER, OIDC_CLIENT_ID: "chat", ...all, AUTH: "open" })).toMatchObject({
      auth: "open",
      oidc: { clientSecret: "hush", scope: "openid email", name: "Example" },
    })
    expect(faultsOf({ APP_ENV: "production", OIDC_ISSUER, OIDC_CLIENT_ID: "chat" })).toEqual([])
    for (const at of ["localhost:3000", "127.0.0.1:1", "127.1.2.3", "[::1]:80"])
      expect(faultsOf({ OIDC_ISSUER: `http://${at}`, OIDC_CLIENT_ID: "chat" })).toEqual([])
    for (const half of [{ OIDC_ISSUER }, { OIDC_CLIENT_ID: "chat" }, { OIDC_CLIENT_SECRET: "hush" }])
      expect(faultsOf(half)).toEqual([expect.stringMatching(/^OIDC_.*OIDC_CLIENT_ID/)])
  })

  test("that asks for half a cluster is refused: nodes share a database", () => {
    const asked = [{ REDIS_URL: "redis://cache.example" }, { REDIS_ADDR: "cache.example:6379" }]
    for (const environment of asked) {
      expect(faultsOf(environment)).toEqual([expect.stringContaining("set DATABASE_URL")])
      expect(faultsOf({ ...environment, DATABASE_URL: url })).toEqual([])
    }
    const both = { REDIS_URL: "redis://a.example", REDIS_ADDR: "b.example:6379", DATABASE_URL: url }
    expect(faultsOf(both)).toEqual([expect.stringMatching(/^REDIS_URL and REDIS_ADDR/)])
  })
})

/** Wrong values, one a variable. */
const wrong: Record<string, string> = {
  APP_ENV: "staging-zone",
  PORT: "65536000",
  DATABASE_URL: "mysql://ann:hush@db.example",
  POSTGRES_DSN: "host=db.example password=hush",
  ENABLE_PERSISTENCE: "perhaps",
  AUTH: "half-open",
  JWT_SECRET: "too-short-hush",
  JWKS_URL: "issuer.example-hush",
  JWT_CLOCK_TOLERANCE_S: "a-while",
  OIDC_ISSUER: "http://id.example-hush",
  OIDC_SCOPE: "email-hush",
  CORS_ORIGINS: "https://app.example/with/a/path",
  TRUST_PROXY: "sometimes",
  RETENTION_DAYS: "fortnight",
  LIMITS: "loosened",
  LOG_LEVEL: "chatty-hush",
}

describe("a wrong environment", () => {
  test("[O6] is refused with every fault at once, each under the name of its variable", () => {
    expect(faultsOf(wrong).map((fault) => fault.split(":")[0])).toEqual(Object.keys(wrong))
    fc.assert(
      fc.property(fc.subarray(Object.keys(wrong)), (names) => {
        const environment = Object.fromEntries(names.map((name) => [name, wrong[name]]))
        const told = faultsOf(environment).map((fault) => fault.split(":")[0])
        expect(told).toEqual(names)
      }),
    )
  })

  test("[O6] is told of values that contradict each other in the same list as of those that cannot be read", () => {
    const faults = faultsOf({ PORT: "http", LOG_LEVEL: "loud", DATABASE_URL: url, POSTGRES_DSN: `${url}2` })
    expect(faults.map((fault) => fault.split(/[: ]/)[0])).toEqual(["PORT", "LOG_LEVEL", "DATABASE_URL"])
  })

  test("is not told that a value is missing which is there but wrong", () => {
    expect(faultsOf({ APP_ENV: "production", AUTH: "opne" })).toEqual([expect.stringMatching(/^AUTH:/)])
    expect(faultsOf({ APP_ENV: "production", JWT_SECRET: "short" })).toEqual([
      expect.stringMatching(/^JWT_SECRET: must have at least 16/),
    ])
  })

  test("is refused value by value", () => {
    const cases: [string, string[]][] = [
      ["PORT", ["-1", "1e3", "65536", "80 ", "0x50", "http"]],
      ["RETENTION_DAYS", ["0", "-1", "1.5", "100000", "ten"]],
      ["ENABLE_PERSISTENCE", ["yes", "TRUE", "2"]],
      ["DATABASE_URL", ["db.example", "postgres:db", " postgres://db.example"]],
      ["APP_ENV", ["prod", "Production"]],
      ["WORKERS", ["0", "65", "-1", "many", "1.5"]],
      ["REDIS_LINES", ["0", "4097", "many"]],
      ["REDIS_PREFIX", ["a b", "x".repeat(65)]],
      ["JWT_ISSUER", ["klatch"]],
      [
        "OIDC_ISSUER",
        ["id.example", "http://127.0.0.1.example", "http://id.example", "https://id.example/?a"],
      ],
      ["OIDC_SCOPE", ["profile", "openidx", "OPENID"]],
      [
        "CORS_ORIGINS",
        ["app.example", "https://app.example/", "https://app.example:443", "null", "https://*.app.example/x"],
      ],
    ]
    for (const [name, values] of cases)
      for (const value of values)
        expect([value, faultsOf({ [name]: value })]).toEqual([
          value,
          [expect.stringMatching(new RegExp(`^${name}: `))],
        ])
  })

  test("[O6] is never told its values, so no secret gets into a log", () => {
    const names = [...Object.keys(wrong), "REDIS_URL", "REDIS_ADDR", "JWT_ISSUER", "OIDC_CLIENT_ID"]
    const secret = fc.stringMatching(/^[A-Za-z0-9]{24}$/)
    const environments = fc.array(fc.tuple(fc.constantFrom(...names), secret, fc.nat(3)), { maxLength: 8 })
    fc.assert(
      fc.property(environments, (pairs) => {
        const around = (value: string) => [
          value,
          `postgres://u:${value}@h/d`,
          `https://${value}`,
          `${value},*`,
        ]
        const environment = Object.fromEntries(pairs.map(([name, value, n]) => [name, around(value)[n]]))
        const told = faultsOf(environment).join("\n")
        for (const [, value] of pairs) expect(told).not.toContain(value)
      }),
    )
    const told = faultsOf(wrong).join("\n")
    for (const value of Object.values(wrong)) expect(told).not.toContain(value)
    expect(told).not.toContain("hush")
  })
})
