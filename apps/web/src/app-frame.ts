import type { RoomMember } from "@klatch/client/moderation"
import { computed, type ReadonlySignal, signal } from "@preact/signals"

/** What may stand in front of the page; one at a time. */
export type Front = "palette" | "help" | "room" | "direct" | "settings" | "invite" | "ask"

/** A grave act on a member, which is asked about first. */
export interface Asked {
  readonly act: "kick" | "ban" | "transfer"
  readonly member: RoomMember
}

/** What of the page is open. Ends with `close()`. */
export class Frame {
  readonly #isNarrow = new Media("(max-width: 45rem)")
  readonly #isMedium = new Media("(max-width: 64rem)")
  readonly #isListWanted = signal(false)
  /** On a narrow screen the list of rooms lies over the room; on a wide one it always stands beside it. */
  readonly isListOpen = computed(() => this.#isListWanted.value && this.#isNarrow.matches.value)
  readonly areMembersOpen = signal(false)
  /** Whether something lies over the room, which is out of reach meanwhile. */
  readonly isRoomCovered = computed(
    () => this.isListOpen.value || (this.areMembersOpen.value && this.#isMedium.matches.value),
  )
  readonly front = signal<Front | null>(null)
  /** What is asked about, while that stands in front. */
  readonly asked = signal<Asked | null>(null)
  /** What a room that is made is called at first. */
  readonly roomName = signal("")

  readonly openList = (): void => {
    this.#isListWanted.value = true
  }
  readonly closeList = (): void => {
    const wasOpen = this.isListOpen.peek()
    this.#isListWanted.value = false
    if (wasOpen) focusSoon(".list-button", ".sidebar")
  }
  readonly toggleMembers = (): void => {
    if (this.areMembersOpen.value) this.closeMembers()
    else this.areMembersOpen.value = true
  }
  readonly closeMembers = (): void => {
    this.areMembersOpen.value = false
    focusSoon(".members-button", ".panel")
  }
  readonly closeFront = (): void => {
    this.front.value = null
  }

  show(front: Front): void {
    this.roomName.value = ""
    this.front.value = front
  }

  ask(asked: Asked): void {
    this.asked.value = asked
    this.front.value = "ask"
  }

  makeRoom(name: string): void {
    this.roomName.value = name
    this.front.value = "room"
  }

  close(): void {
    this.#isNarrow.close()
    this.#isMedium.close()
  }
}

/** Whether a media query holds, as it changes. */
class Media {
  readonly #list: MediaQueryList
  readonly #holds = signal(false)

  constructor(query: string) {
    this.#list = matchMedia(query)
    this.#holds.value = this.#list.matches
    this.#list.addEventListener("change", this.#look)
  }

  get matches(): ReadonlySignal<boolean> {
    return this.#holds
  }

  close(): void {
    this.#list.removeEventListener("change", this.#look)
  }

  readonly #look = (): void => {
    this.#holds.value = this.#list.matches
  }
}

/** Gives the focus back to what opened a part that goes, once it goes; unless it went elsewhere meanwhile. */
function focusSoon(opener: string, part: string): void {
  requestAnimationFrame(() => {
    const { activeElement } = document
    if (activeElement === null || activeElement === document.body || activeElement.closest(part) !== null)
      document.querySelector<HTMLElement>(opener)?.focus()
  })
}
