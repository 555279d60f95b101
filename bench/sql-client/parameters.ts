/**
 * In which shape a batch of rows is handed to PostgreSQL most cheaply through pg: arrays, or one JSON text.
 *   bun bench/sql-client/parameters.ts [--rounds 3] [--ms 1500]
 * The table is unlogged, so that parsing and inserting is what is measured. Prints one JSON object.
 */
import { parseArgs } from "node:util"
import { Client } from "pg"
import { textOf } from "./candidate.ts"
import { cpuMsOf, Database } from "./database.ts"

interface Row {
  ordinal: number
  roomId: string
  authorId: string
  clientId: string
  payload: { text: string }
}
interface Shape {
  text: string
  values(rows: Row[]): unknown[]
  unnamed?: boolean
}

const into = "INSERT INTO shapes (ordinal, room_id, author_id, client_id, payload)"
const unnest = `${into} SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::uuid[], $4::text[], $5::jsonb[])`
const columns = "ordinal bigint, room_id uuid, author_id uuid, client_id text, payload jsonb"
const escaped = (text: string) => `"${text.replace(/["\\]/g, "\\$&")}"`

const arrays = (rows: Row[]) => [
  rows.map((row) => row.ordinal),
  rows.map((row) => row.roomId),
  rows.map((row) => row.authorId),
  rows.map((row) => row.clientId),
  rows.map((row) => JSON.stringify(row.payload)),
]
const literals = (rows: Row[]) => {
  const [ordinals, roomIds, authorIds, clientIds, payloads] = arrays(rows) as [number[], ...string[][]]
  const bare = (list: unknown[] | undefined) => `{${list!.join()}}`
  const quoted = (list: string[] | undefined) => `{${list!.map(escaped).join()}}`
  return [bare(ordinals), bare(roomIds), bare(authorIds), quoted(clientIds), quoted(payloads)]
}
const records = (rows: Row[]) => [
  JSON.stringify(
    rows.map(({ ordinal, roomId, authorId, clientId, payload }) => ({
      ordinal,
      room_id: roomId,
      author_id: authorId,
      client_id: clientId,
      payload,
    })),
  ),
]

const shapes: Record<string, Shape> = {
  "unnest, arrays by pg": { text: unnest, values: arrays },
  "unnest, arrays by pg, not prepared": { text: unnest, values: arrays, unnamed: true },
  "unnest, array texts by us": { text: unnest, values: literals },
  "unnest, payload kept as text": {
    text: unnest.replace("payload)", "body)").replace("jsonb", "text"),
    values: arrays,
  },
  "unnest, array texts by us, payload kept as text": {
    text: unnest.replace("payload)", "body)").replace("jsonb", "text"),
    values: literals,
  },
  json_to_recordset: {
    text: `${into} SELECT * FROM json_to_recordset($1::json) AS d (${columns})`,
    values: records,
  },
  jsonb_to_recordset: {
    text: `${into} SELECT * FROM jsonb_to_recordset($1::jsonb) AS d (${columns})`,
    values: records,
  },
}

async function compare(rounds: number, ms: number) {
  await using database = await Database.create()
  database.query(`CREATE UNLOGGED TABLE shapes (${columns}, body text)`)
  const client = new Client({
    host: database.socketDir,
    user: "bench",
    database: "postgres",
    application_name: "shapes",
  })
  await client.connect()
  const [pid] = database.backends("shapes")
  const found = new Map<string, { clientUs: number[]; serverUs: number[]; totalUs: number[] }>()
  for (let round = -1; round < rounds; round++) {
    for (const size of [10, 100]) {
      const rows = rowsOf(size)
      for (const [name, shape] of Object.entries(shapes)) {
        const id = round < 0 ? `warm ${size}` : `${size} rows, ${name}`
        const list = found.get(id) ?? { clientUs: [], serverUs: [], totalUs: [] }
        found.set(id, list)
        await client.query("TRUNCATE shapes")
        const serverMs = cpuMsOf(pid!)
        const cpu = process.cpuUsage()
        const startMs = performance.now()
        let count = 0
        for (; performance.now() - startMs < (round < 0 ? ms / 5 : ms); count++) {
          const query = { text: shape.text, values: shape.values(rows) }
          const done = await client.query(shape.unnamed ? query : { ...query, name })
          if (done.rowCount !== size) throw new Error(`${name}: ${done.rowCount} rows`)
        }
        const { user, system } = process.cpuUsage(cpu)
        list.totalUs.push(((performance.now() - startMs) * 1000) / count)
        list.clientUs.push((user + system) / count)
        list.serverUs.push(((cpuMsOf(pid!) - serverMs) * 1000) / count)
      }
    }
  }
  await client.end()
  return [...found]
    .filter(([id]) => !id.startsWith("warm"))
    .map(([id, list]) => ({
      id,
      rounds: list.totalUs.length,
      clientUs: middle(list.clientUs),
      serverUs: middle(list.serverUs),
      totalUs: middle(list.totalUs),
    }))
}

const rowsOf = (size: number): Row[] =>
  Array.from({ length: size }, (_, i) => ({
    ordinal: i,
    roomId: "0192f000-0000-7000-8000-000000000001",
    authorId: "0192f000-0000-7000-8000-000000000002",
    clientId: `client-${i}`,
    payload: { text: textOf(1, i) },
  }))

const middle = (list: number[]) => Math.round([...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]!)

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "3" }, ms: { type: "string", default: "1500" } },
})
console.log(
  JSON.stringify(
    { bun: Bun.version, results: await compare(Number(values.rounds), Number(values.ms)) },
    null,
    2,
  ),
)
