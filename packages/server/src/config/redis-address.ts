/** One server of Redis. */
export interface RedisHost {
  readonly host: string
  readonly port: number
}

/** Where Redis is, and what to say there. */
export interface RedisAddress {
  /** `one` server, the master that sentinels tell of, or a cluster. */
  readonly kind: "one" | "sentinel" | "cluster"
  readonly hosts: readonly RedisHost[]
  /** What sentinels call the master. */
  readonly master: string | undefined
  readonly username: string | undefined
  readonly password: string | undefined
  readonly db: number
  readonly tls: boolean
}

const form = /^redis(s?)(\+sentinel|\+cluster)?:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^@/?#]+)(?:\/([^?#]*))?$/
const ports = { one: 6379, sentinel: 26379, cluster: 6379 } as const

/**
 * Reads `redis://[user:password@]host[:port][/db]`, `rediss://` for TLS, `redis+sentinel://host,host/master[/db]`,
 * `redis+cluster://host,host`, or just `host:port`. Undefined for anything else. What stands before the host may be
 * percent-encoded.
 */
export function redisAddressOf(text: string): RedisAddress | undefined {
  const found = form.exec(text.includes("://") ? text : `redis://${text}`)
  if (!found) return undefined
  const [, s, plus, username, password, list = "", path = ""] = found
  const kind = plus === "+sentinel" ? "sentinel" : plus === "+cluster" ? "cluster" : "one"
  const hosts = list.split(",").map((host) => hostOf(host, ports[kind]))
  const parts = path.split("/").filter(Boolean)
  const master = kind === "sentinel" ? parts.shift() : undefined
  const [db = "0", ...rest] = parts
  const isWhole =
    hosts.every((host) => host !== undefined) &&
    (kind === "one" ? hosts.length === 1 : true) &&
    (kind === "sentinel") === (master !== undefined) &&
    (kind === "cluster" ? db === "0" : /^\d{1,5}$/.test(db)) &&
    rest.length === 0 &&
    [username, password].every((text) => !text || decoded(text) !== undefined)
  if (!isWhole) return undefined
  return {
    kind,
    hosts: hosts as RedisHost[],
    master,
    username: decoded(username),
    password: decoded(password),
    db: Number(db),
    tls: s === "s",
  }
}

function hostOf(text: string, defaultPort: number): RedisHost | undefined {
  const found = /^(?:\[([0-9a-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/i.exec(text)
  const port = Number(found?.[3] ?? defaultPort)
  return found && port > 0 && port < 65_536 ? { host: found[1] ?? found[2] ?? "", port } : undefined
}

/** Undefined where there is none, or where a percent sign stands for nothing. */
function decoded(text: string | undefined): string | undefined {
  try {
    return text ? decodeURIComponent(text) : undefined
  } catch {
    return undefined
  }
}
