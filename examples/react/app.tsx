/** @jsxImportSource react */
import { createClient, inBrowser, type TimelineMessage } from "@klatch/client"
import { KlatchProvider, useConnection, useMessages, useRoom, useTyping } from "@klatch/react"
import { memo } from "react"
import { createRoot } from "react-dom/client"

const query = new URLSearchParams(location.search)
const user = query.get("user") ?? "ann"
const url = query.get("server") ?? "http://localhost:8080"
const client = createClient({ url, user, ...inBrowser(user) })
client.connect()

function Chat() {
  const { room, info, error } = useRoom("lobby")
  const { messages, hasOlder, loadOlder, send, retry } = useMessages(room)
  if (error) return <p role="alert">{error.message}</p>
  return (
    <main>
      <h1>{info?.name ?? "Opening"}</h1>
      {hasOlder && (
        <button type="button" onClick={() => loadOlder().catch(() => {})}>
          Older messages
        </button>
      )}
      <ol>
        {messages.map((message) => (
          <Line key={message.client_id ?? message.seq} message={message} retry={retry} />
        ))}
      </ol>
      <Notice />
      <Typers />
      <form
        onSubmit={(event) => {
          event.preventDefault()
          send(String(new FormData(event.currentTarget).get("text")))
          event.currentTarget.reset()
        }}
      >
        <input
          name="text"
          aria-label="Message"
          autoComplete="off"
          onChange={({ target }) => room.typing.set(target.value !== "")}
        />
      </form>
    </main>
  )
}

interface LineProps {
  readonly message: TimelineMessage
  readonly retry: (clientId: string) => void
}

/** A message is the same object until it changes, so a line renders for its own message alone. */
const Line = memo(({ message, retry }: LineProps) => (
  <li data-delivery={message.delivery}>
    {message.from}: {message.deleted_at ? "(deleted)" : message.content}
    {message.delivery === "failed" && (
      <button type="button" onClick={() => retry(message.client_id ?? "")}>
        {message.error?.message} Try again
      </button>
    )}
  </li>
))

function Notice() {
  const isOffline = useConnection(({ phase }) => phase === "waiting")
  return <p role="status">{isOffline ? "Offline. What you write is sent later." : ""}</p>
}

function Typers() {
  const names = useTyping(client.room("lobby"), ({ users }) => users.map(({ from }) => from).join(", "))
  return <p>{names ? `${names} types` : ""}</p>
}

createRoot(document.querySelector("#app") as Element).render(
  <KlatchProvider client={client}>
    <Chat />
  </KlatchProvider>,
)
