import { afterAll, expect, setDefaultTimeout, test } from "bun:test"
import { type Client, createClient, type Room } from "@klatch/client"
import { until } from "../harness/until.ts"
import { ask } from "./answer.ts"
import { target, testMs, unique } from "./target.ts"

setDefaultTimeout(testMs)

const clients: Client[] = []
afterAll(() => {
  for (const client of clients) client.close()
})

/** Someone with the client, connected, with the list of rooms loaded and a room open. */
async function enter(user: string, slug: string): Promise<{ client: Client; room: Room }> {
  const { url } = await target()
  const client = createClient({ url, user })
  clients.push(client)
  client.connect()
  const room = client.room(slug)
  await room.open()
  await client.rooms.load()
  return { client, room }
}

/** All that a client shows of the world, in an order of its own. */
function shown({ client, room }: { client: Client; room: Room }) {
  const { status, rooms } = client.rooms.get()
  const { head, ...info } = room.info.get() ?? {}
  return {
    listStatus: status,
    rooms: rooms.toSorted((a, b) => a.id.localeCompare(b.id)),
    info,
    timeline: room.messages.get(),
  }
}

interface Stage {
  readonly slug: string
  /** Whose state is looked at, and by whose name others speak. */
  readonly ann: string
  readonly bob: string
  readonly room: Room
  readonly client: Client
  /** The other's client, in the same room. */
  readonly other: { client: Client; room: Room }
}

const lastOf = (room: Room): number => room.messages.get().messages.at(-1)!.message_id!

/** Whatever can happen to what a client shows. */
const actions: Record<string, (stage: Stage) => Promise<unknown>> = {
  "a message": ({ other }) => other.room.messages.send("hello").settled,
  "a message of one's own": ({ room }) => room.messages.send("mine").settled,
  "a message of one's own from elsewhere": ({ slug, ann }) =>
    ask(`POST /rooms/${slug}/messages?user=${ann}`, {
      body: { content: "elsewhere", client_id: unique("c") },
    }),
  "a reply": ({ other }) => other.room.messages.send("yes", { replyTo: lastOf(other.room) }).settled,
  "an edit of the newest": ({ other }) => {
    const { message_id } = other.room.messages
      .get()
      .messages.findLast((m) => m.from === other.client.user.get()?.username)!
    return other.room.messages.edit(message_id!, "changed")
  },
  "a second edit": ({ other }) => {
    const { message_id } = other.room.messages
      .get()
      .messages.findLast((m) => m.from === other.client.user.get()?.username)!
    return other.room.messages.edit(message_id!, "changed again")
  },
  "a deletion": ({ other }) => {
    const { message_id } = other.room.messages
      .get()
      .messages.findLast((m) => m.from === other.client.user.get()?.username)!
    return other.room.messages.delete(message_id!)
  },
  "someone coming": ({ slug }) => ask(`POST /rooms/${slug}/join?user=${unique("cid")}`),
  "someone going": ({ slug, bob }) => ask(`POST /rooms/${slug}/leave?user=${bob}`),
  "someone coming back": ({ slug, bob }) => ask(`POST /rooms/${slug}/join?user=${bob}`),
  "a new name and topic": ({ slug, ann }) =>
    ask(`PATCH /rooms/${slug}?user=${ann}`, { body: { name: "Another", topic: "Other things" } }),
  "a direct message": ({ ann, other }) =>
    other.client.rooms.direct(ann).then((room) => room.messages.send("psst").settled),
  "a second direct message": ({ ann, other }) =>
    other.client.rooms.direct(ann).then((room) => room.messages.send("psst!").settled),
  "a group with oneself": ({ ann, other }) =>
    other.client.rooms.create({ kind: "group", name: "Trip", members: [ann] }),
  "a private room with oneself": ({ ann, other }) =>
    other.client.rooms.create({ kind: "private", name: "Plans", members: [ann] }),
  "a room of one's own": ({ client }) => client.rooms.create({ name: unique("Mine") }),
  "a room joined elsewhere": async ({ ann, bob }) => {
    const slug = unique("else")
    await ask(`POST /rooms?user=${bob}`, { body: { name: slug, slug } })
    await ask(`POST /rooms/${slug}/join?user=${ann}`)
  },
  "a room left elsewhere": async ({ ann, client }) => {
    const { rooms } = client.rooms.get()
    await ask(`POST /rooms/${rooms.find((room) => room.name === "Plans")!.id}/leave?user=${ann}`)
  },
  "a message in a room that is not open": ({ other, client }) => {
    const group = client.rooms.get().rooms.find((room) => room.kind === "group")!
    return ask(`POST /rooms/${group.id}/messages?user=${other.client.user.get()!.username}`, {
      body: { content: "where are you?" },
    })
  },
  "a room deleted": ({ other, client }) => {
    const group = client.rooms.get().rooms.find((room) => room.kind === "group")!
    return ask(`DELETE /rooms/${group.id}?user=${other.client.user.get()!.username}`)
  },
  reading: ({ room }) => Promise.resolve(room.messages.markRead(lastOf(room))),
}

test("[K20] after every action, what a client made of a snapshot and events is what a fresh one fetches", async () => {
  const slug = unique("general")
  const [ann, bob] = [unique("ann"), unique("bob")]
  const watching = await enter(ann, slug)
  const other = await enter(bob, slug)
  for (const [name, act] of Object.entries(actions)) {
    await act({ slug, ann, bob, ...watching, other })
    const fresh = await enter(ann, slug)
    const same = () => Bun.deepEquals(shown(watching), shown(fresh))
    await until(`the state after ${name}`, same, 15_000).catch(() => {
      expect({ after: name, ...shown(watching) }).toEqual({ after: name, ...shown(fresh) })
    })
    fresh.client.close()
  }
})
