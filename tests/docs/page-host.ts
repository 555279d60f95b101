/** Serves programs as pages, from an origin of its own. */
export class PageHost {
  readonly #scripts = new Map<string, string>()
  readonly #server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) => {
      const { pathname } = new URL(request.url)
      const script = this.#scripts.get(pathname)
      if (script !== undefined)
        return new Response(script, { headers: { "content-type": "text/javascript" } })
      const page = `<!doctype html><title>docs</title><div id="app"></div>
        <script type="module" src="/script${pathname}"></script>`
      return new Response(page, { headers: { "content-type": "text/html" } })
    },
  })

  /** Its origin. */
  get url(): string {
    return this.#server.url.origin
  }

  /** Bundles a program, and answers the address of a page that runs it. Throws when it cannot be bundled. */
  async add(path: string): Promise<string> {
    const { outputs } = await Bun.build({
      entrypoints: [path],
      target: "browser",
      conditions: ["klatch-source"],
      define: { "process.env.NODE_ENV": '"production"' },
    })
    const name = `/${this.#scripts.size}`
    this.#scripts.set(`/script${name}`, (await outputs[0]?.text()) ?? "")
    return this.url + name
  }

  stop(): void {
    void this.#server.stop(true)
  }
}
