// A hub on Node and `ws`, the usual way: a set of sockets a room, one encoding a message, nothing kept.
import { randomUUID } from "node:crypto"
import { createServer } from "node:http"
import { WebSocketServer } from "ws"

const rooms = new Map()

const http = createServer((_, response) => response.writeHead(426).end())
const hub = new WebSocketServer({ server: http, perMessageDeflate: false, clientTracking: false })

hub.on("connection", (socket, request) => {
  const query = new URL(request.url, "http://localhost").searchParams
  const user = query.get("user") ?? "guest"
  const name = query.get("room") ?? "lobby"
  const id = randomUUID()
  let room = rooms.get(name)
  if (room === undefined) {
    room = { seq: 0, sockets: new Set() }
    rooms.set(name, room)
  }
  room.sockets.add(socket)
  socket.on("message", (data) => {
    const frame = JSON.parse(data)
    room.seq++
    const event = {
      type: "message",
      seq: room.seq,
      message_id: room.seq,
      room_id: name,
      room: name,
      kind: "room",
      user_id: id,
      from: user,
      content: frame.content,
      timestamp: new Date().toISOString(),
    }
    const bytes = Buffer.from(JSON.stringify(event))
    for (const other of room.sockets) other.send(bytes, { binary: false })
  })
  socket.on("close", () => {
    room.sockets.delete(socket)
    if (room.sockets.size === 0) rooms.delete(name)
  })
  socket.on("error", () => socket.terminate())
  socket.send(JSON.stringify({ type: "joined", room_id: name, head: room.seq }))
})

http.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ event: "listening", url: `http://127.0.0.1:${http.address().port}` }))
})
