import { startServer } from "../harness/server.ts"

/** Keeps one server for a whole run of tests: it lives as long as whoever holds our standard input. */
await using server = await startServer()
console.log(server.url)
await Bun.stdin.text()
