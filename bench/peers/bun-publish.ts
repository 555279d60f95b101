/** The least a chat server on Bun can be: rooms as topics, native publish, nothing kept. */
interface Seat {
  id: string
  user: string
  room: string
}

const rooms = new Map<string, number>()

const server = Bun.serve<Seat>({
  hostname: "127.0.0.1",
  port: 0,
  fetch(request, server) {
    const query = new URL(request.url).searchParams
    const data = {
      id: crypto.randomUUID(),
      user: query.get("user") ?? "guest",
      room: query.get("room") ?? "lobby",
    }
    return server.upgrade(request, { data }) ? undefined : new Response("chat", { status: 426 })
  },
  websocket: {
    perMessageDeflate: false,
    open(socket) {
      const { room } = socket.data
      socket.subscribe(room)
      socket.send(JSON.stringify({ type: "joined", room_id: room, head: rooms.get(room) ?? 0 }))
    },
    message(socket, text) {
      const { id, user, room } = socket.data
      const frame = JSON.parse(String(text)) as { content: string }
      const seq = (rooms.get(room) ?? 0) + 1
      rooms.set(room, seq)
      const event = {
        type: "message",
        seq,
        message_id: seq,
        room_id: room,
        room,
        kind: "room",
        user_id: id,
        from: user,
        content: frame.content,
        timestamp: new Date().toISOString(),
      }
      server.publish(room, JSON.stringify(event))
    },
  },
})

console.log(JSON.stringify({ event: "listening", url: `http://127.0.0.1:${server.port}` }))
