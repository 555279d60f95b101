import type { Wire } from "../wire.ts"

/** A server to measure, or why it cannot be measured here. */
export interface Target {
  name: string
  /** What it is and what it does not do, for the table's reader. */
  note: string
  wire: Wire
  versions(): Promise<Record<string, string>> | Record<string, string>
  /** Null when it can run; else one sentence, which is printed and published. */
  missing(): Promise<string | null> | string | null
  /** A place it keeps its data in, to be started on again; null when it keeps nothing. */
  makeHome(): string | null
  /** Throws when it does not come up. */
  start(home: string | null): Promise<RunningTarget>
}

/** A started target. */
export interface RunningTarget {
  hostname: string
  port: number
  /** The server process itself. */
  pid: number
  /** The root of its database's processes; null when it has none. */
  databasePid: number | null
  /** What it said last, once it has ended by itself; null while it runs. */
  lastWords(): string | null
  stop(): Promise<void>
}

/** What every peer speaks: one JSON frame in, one JSON event out, the room in the address. */
export const peerWire: Wire = {
  path: "/ws?user={user}&room={room}",
  afterOpen: [],
  ready: ['"type":"joined"'],
  back: null,
  send: '{"type":"message","room_id":"{room}","content":"{content}","ref":"{ref}"}',
  heartbeat: null,
  keepAlive: null,
  acks: false,
}
