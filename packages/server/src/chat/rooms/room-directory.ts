import { isUuid } from "@klatch/protocol"
import type { Queryable } from "../../db/sql.ts"
import { BatchLoader } from "../../lib/batch-loader.ts"
import { Lru } from "../../lib/lru.ts"
import { type RoomInfo, settingsOf } from "../members/members.ts"
import { type RoomRow, roomsByIds, roomsByNames } from "./rooms.sql.ts"

const CACHE_MAX = 50_000

type Facts = Pick<RoomRow, "id" | "kind" | "slug" | "name">
type Settings = Pick<RoomRow, "archived_at" | "slow_mode_s" | "rights">

export const roomInfoOf = (row: Facts & Partial<Settings>): RoomInfo => ({
  id: row.id,
  kind: row.kind,
  slug: row.slug,
  name: row.name,
  label: row.slug ?? row.name,
  settings: row.rights && settingsOf(row as Settings),
})

export const slugName = (slug: string): string => `slug:${slug}`
export const directName = (a: string, b: string): string => `dm:${[a, b].sort().join(":")}`

/** Finds rooms by id or slug, from memory when it can. What changes of a room is remembered anew, or forgotten. */
export class RoomDirectory {
  readonly #cache = new Lru<string, RoomInfo>(CACHE_MAX)
  readonly #byId: BatchLoader<string, RoomInfo | undefined>
  readonly #byName: BatchLoader<string, RoomInfo | undefined>
  #changes = 0

  constructor(db: Queryable) {
    this.#byId = new BatchLoader(async (ids) => {
      const found = new Map((await roomsByIds(db, [...new Set(ids)])).map((row) => [row.id, roomInfoOf(row)]))
      return ids.map((id) => found.get(id))
    })
    this.#byName = new BatchLoader(async (names) => {
      const rows = await roomsByNames(db, [...new Set(names)])
      const found = new Map(rows.map((row) => [row.taken_name, roomInfoOf(row)]))
      return names.map((name) => found.get(name))
    })
  }

  /** How often a room was changed so far: what was read before a change is not remembered after it. */
  get mark(): number {
    return this.#changes
  }

  /** From memory, at once. */
  peek(ref: string): RoomInfo | undefined {
    return this.#cache.get(ref)
  }

  /** By id or slug; undefined when there is none. Many asked at once are one query. */
  async find(ref: string): Promise<RoomInfo | undefined> {
    const known = this.#cache.get(ref)
    if (known) return known
    const { mark } = this
    const room = await (isUuid(ref) ? this.#byId.get(ref) : this.#byName.get(slugName(ref)))
    if (room) this.remember(room, mark)
    return room
  }

  /** By the name it has taken; undefined when there is none. */
  async findNamed(name: string): Promise<RoomInfo | undefined> {
    const known = this.#cache.get(name)
    if (known) return known
    const { mark } = this
    const room = await this.#byName.get(name)
    if (room && mark === this.mark) this.#cache.set(name, room)
    return room
  }

  /**
   * Answers false, and does not, when a room was changed since `mark`: this one may have been. A slug that looks like
   * an id is not remembered: it must never stand for the room of that id.
   */
  remember(room: RoomInfo, mark = this.mark): boolean {
    if (mark !== this.mark) return false
    this.#cache.set(room.id, room)
    if (room.slug !== null && !isUuid(room.slug)) this.#cache.set(room.slug, room)
    return true
  }

  /** The room of this id was changed, here or elsewhere. */
  forgetId(id: string): void {
    const room = this.#cache.get(id)
    if (room) this.forget(room)
    else this.#changes++
  }

  /** Anything may have changed. */
  clear(): void {
    this.#changes++
    this.#cache.clear()
  }

  forget(room: RoomInfo): void {
    this.#changes++
    this.#cache.delete(room.id)
    // A room of two is known by the name of its two as well, and hardly ever changes.
    if (room.kind === "direct") this.#cache.deleteWhere(({ id }) => id === room.id)
    if (room.slug === null || isUuid(room.slug)) return
    this.#cache.delete(room.slug)
    this.#cache.delete(slugName(room.slug))
  }
}
