import { type IssuerKey, jwkOf } from "./jws.ts"

/** Serves an issuer's public keys, and counts who asks for what. */
export class KeyServer implements Disposable {
  readonly #server: Bun.Server<undefined>
  readonly asked: string[] = []
  /** What stands in the set now: keys, or whole entries of it. */
  keys: readonly (IssuerKey | Record<string, unknown>)[]
  status = 200

  constructor(keys: readonly (IssuerKey | Record<string, unknown>)[] = []) {
    this.keys = keys
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: (request) => {
        this.asked.push(new URL(request.url).pathname)
        const set = { keys: this.keys.map((key) => ("privateKey" in key ? jwkOf(key as IssuerKey) : key)) }
        return Response.json(set, { status: this.status })
      },
    })
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}/keys.json`
  }

  [Symbol.dispose](): void {
    void this.#server.stop(true)
  }
}
