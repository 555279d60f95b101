/**
 * Whether the server is there and does not let this page in: its origin is not in CORS_ORIGINS. A browser tells the
 * page no reason, so what anyone may load is asked for before and after what only listed origins may read.
 */
export async function isOriginRefused(
  server: string,
  fetch: (url: string, init: RequestInit) => Promise<unknown> = (url, init) => globalThis.fetch(url, init),
): Promise<boolean> {
  const isAnswered = (path: string) =>
    fetch(server + path, { method: "HEAD", cache: "no-store" }).then(
      () => true,
      () => false,
    )
  return (
    (await isAnswered("/widget.js")) && !(await isAnswered("/healthz")) && (await isAnswered("/widget.js"))
  )
}
