import type { RoomInfo, TimelineMessage } from "@klatch/client"

/** What a room is called: a direct one after the other person. */
export function titleOf(info: RoomInfo, self: string | undefined): string {
  if (!isDirect(info)) return info.name
  const names = info.name.split(",").filter((name) => name !== "")
  return names.filter((name) => name.toLowerCase() !== self?.toLowerCase()).join(", ") || info.name
}

/** Right after a join the kind is not known yet; only direct rooms have neither an address nor one name. */
export const isDirect = (info: RoomInfo): boolean =>
  info.kind === "direct" || (info.kind === undefined && info.slug === null && info.name.includes(","))

/** Whom the page has heard of, each once, in the order of the alphabet: those who wrote in a room it knows. */
export function peopleOf(
  rooms: readonly RoomInfo[],
  messages: readonly TimelineMessage[],
  self: string | undefined,
): string[] {
  const names = new Map<string, string>()
  const add = (name: string | undefined) => {
    if (name && name.toLowerCase() !== self?.toLowerCase()) names.set(name.toLowerCase(), name)
  }
  for (const info of rooms) {
    if (isDirect(info)) add(titleOf(info, self))
    else add(info.last_message?.from)
  }
  for (const message of messages) add(message.from)
  return [...names.values()].sort((a, b) => a.localeCompare(b))
}
