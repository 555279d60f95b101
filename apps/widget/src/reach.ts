/**
 * Whether the server is there and does not let this page in: its origin is not in CORS_ORIGINS. A browser tells the
 * page no reason, so what anyone may load is asked for before and after what only listed origins may read. A front may
 * answer for the server, and knows nothing of origins: neither a probe of its own nor a copy of the script counts.
 */
export async function isOriginRefused(
  server: string,
  fetch: (url: string, init: RequestInit) => Promise<unknown> = (url, init) => globalThis.fetch(url, init),
  newId: () => string = () => String(performance.now()),
): Promise<boolean> {
  const isAnswered = (path: string) =>
    fetch(server + path, { method: "HEAD", cache: "no-store" }).then(
      () => true,
      () => false,
    )
  const isThere = () => isAnswered(`/widget.js?${newId()}`)
  const isRead = async () => (await isAnswered("/healthz")) || (await isAnswered("/rooms/discover?limit=1"))
  return (await isThere()) && !(await isRead()) && (await isThere())
}
