/** Makes a public room over HTTP; answers its id. Rejects when the server refuses. */
export async function makeRoom(url: string, slug: string): Promise<string> {
  const response = await fetch(`${url}/rooms?user=maker`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ kind: "public", name: slug, slug }),
  })
  if (response.status !== 201) throw new Error(`room ${slug}: ${response.status} ${await response.text()}`)
  return ((await response.json()) as { id: string }).id
}
