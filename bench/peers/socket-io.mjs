// Socket.IO on Node with its websocket transport alone and its own rooms, nothing kept.
import { randomUUID } from "node:crypto"
import { createServer } from "node:http"
import { Server } from "socket.io"

const heads = new Map()

const http = createServer()
const io = new Server(http, { transports: ["websocket"], perMessageDeflate: false, serveClient: false })

io.on("connection", (socket) => {
  const user = socket.handshake.query.user ?? "guest"
  const room = socket.handshake.query.room ?? "lobby"
  const id = randomUUID()
  socket.join(room)
  socket.on("message", (frame) => {
    const seq = (heads.get(room) ?? 0) + 1
    heads.set(room, seq)
    io.to(room).emit("message", {
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
    })
  })
  socket.emit("joined", { room_id: room, head: heads.get(room) ?? 0 })
})

http.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ event: "listening", url: `http://127.0.0.1:${http.address().port}` }))
})
