import { createClient } from "@klatch/client"
import WebSocket from "ws"

const url = process.argv[2] ?? "http://localhost:8080"

// Node 20 has no WebSocket of its own.
const client = createClient({ url, user: "echo-bot", webSocket: WebSocket })
const room = client.room("lobby")

client.on("message", (message) => {
  if (message.room_id !== room.info.get()?.id || message.from === "echo-bot") return
  const [, words] = /^!echo (.+)/s.exec(message.content) ?? []
  // The client id is made of the message's: however often the bot hears it, it answers once.
  if (words)
    room.messages.send(words, { replyTo: message.message_id, clientId: `echo-${message.message_id}` })
})

client.connection.subscribe(() => {
  const { phase, lastError } = client.connection.get()
  if (phase === "waiting") console.error(`The server is away: ${lastError?.message} Trying again.`)
  if (phase === "closed" && lastError?.code !== "closed") {
    console.error(`Not let in: ${lastError?.message}`)
    process.exitCode = 1
  }
})

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => client.close())

client.connect()
await room.open()
process.stdout.write(`echo-bot listens in ${room.info.get()?.name} at ${url}\n`)
