import type { Client } from "@klatch/client"
import { type Invite, invites as invitesOf } from "@klatch/client/moderation"
import { useSignal } from "@preact/signals"
import { useEffect, useMemo, useRef } from "preact/hooks"
import { inviteLink } from "./address.ts"
import { timeUntil } from "./day.ts"
import { Icon } from "./icon.tsx"
import { Dialog } from "./make-dialog.tsx"
import type { RoomDesk } from "./room-desk.ts"
import { SelectField } from "./select-field.tsx"
import { copyText } from "./text-field.ts"
import { words } from "./words.ts"
import { lasting, refusalOf, rights } from "./words-rights.ts"

const times = [3_600, 86_400, 7 * 86_400, 30 * 86_400] as const
const many = 10_000
const counts = [1, 5, 25, 100, many] as const

/** Makes links by which people come into a room, and ends them. */
export function InviteDialog(props: { client: Client; desk: RoomDesk; onClose: () => void }) {
  const { client, desk, onClose } = props
  const invites = useMemo(() => invitesOf(client, desk.roomId), [client, desk])
  const forS = useSignal<number>(times[2])
  const usesMax = useSignal<number>(counts[0])
  const role = useSignal<"member" | "reader">("member")
  const link = useSignal<string | null>(null)
  const list = useSignal<readonly Invite[] | null>(null)
  const isBusy = useSignal(false)
  const fault = useSignal<string | null>(null)
  const mayList = desk.may("change_room")
  const attempt = async (act: () => Promise<void>) => {
    if (isBusy.value) return
    isBusy.value = true
    fault.value = null
    try {
      await act()
      if (mayList) list.value = (await invites.list()).invites
    } catch (thrown) {
      fault.value = refusalOf(thrown)
    }
    isBusy.value = false
  }
  useEffect(() => void attempt(async () => {}), [])
  const make = (event: Event) => {
    event.preventDefault()
    void attempt(async () => {
      const options = { expiresInS: forS.value, usesMax: usesMax.value, role: role.value }
      link.value = inviteLink(location.href, (await invites.create(options)).code)
    })
  }
  return (
    <Dialog labelledBy="invite-title" class="dialog-tall" onClose={onClose}>
      <form onSubmit={make}>
        <h2 id="invite-title">{rights.inviteTitle(desk.settings.value?.name ?? "")}</h2>
        <p class="dialog-tell">{rights.inviteTell}</p>
        <div class="select-three">
          <SelectField
            id="invite-for"
            label={rights.inviteFor}
            value={forS}
            options={times.map((seconds) => [seconds, lasting(seconds)])}
          />
          <SelectField
            id="invite-uses"
            label={rights.inviteUses}
            value={usesMax}
            options={counts.map((count) => [
              count,
              count === many ? rights.inviteMany : rights.inviteUse(count),
            ])}
          />
          <SelectField
            id="invite-role"
            label={rights.inviteRole}
            value={role}
            options={[
              ["member", rights.inviteMember],
              ["reader", rights.inviteReader],
            ]}
          />
        </div>
        {link.value !== null && <Link key={link.value} link={link.value} />}
        {fault.value !== null && (
          <p class="hint hint-wrong" role="alert">
            {fault.value}
          </p>
        )}
        <div class="actions actions-end">
          <button type="button" class="button" onClick={onClose}>
            {words.frame.close}
          </button>
          <button type="submit" class="button button-primary" disabled={isBusy}>
            {rights.inviteSubmit}
          </button>
        </div>
      </form>
      {mayList && list.value !== null && (
        <section class="invites" aria-label={rights.invites}>
          <h3 class="label">{rights.invites}</h3>
          {list.value.length === 0 && <p class="hint">{rights.invitesNone}</p>}
          <ul>
            {list.value.map((invite) => (
              <InviteItem
                key={invite.id}
                invite={invite}
                onEnd={() => void attempt(() => invites.revoke(invite.id))}
              />
            ))}
          </ul>
        </section>
      )}
    </Dialog>
  )
}

/** A link that was just made. It is at hand at once: selected, with its button beside it. */
function Link({ link }: { link: string }) {
  const field = useRef<HTMLInputElement>(null)
  const copied = useSignal<boolean | null>(null)
  useEffect(() => {
    field.current?.focus()
    field.current?.select()
  }, [])
  const copy = async () => {
    copied.value = (await copyText(link)) || copyFrom(field.current)
  }
  return (
    <div class="invite-link">
      <label class="label" for="invite-link">
        {rights.inviteLink}
      </label>
      <div class="add-row">
        <input
          id="invite-link"
          ref={field}
          class="input"
          readOnly
          value={link}
          aria-describedby="invite-once"
          onFocus={(event) => event.currentTarget.select()}
        />
        <button
          type="button"
          class="button button-square"
          aria-label={rights.inviteCopy}
          title={rights.inviteCopy}
          onClick={() => void copy()}
        >
          <Icon name={copied.value === true ? "done" : "copy"} />
        </button>
      </div>
      <p id="invite-once" class="hint" role="status">
        {copied.value === null
          ? rights.inviteOnce
          : copied.value
            ? rights.inviteCopied
            : rights.inviteCopyFailed}
      </p>
    </div>
  )
}

/** Without TLS browsers have no clipboard but a selection's, and behind a dialog nothing else can be selected. */
function copyFrom(field: HTMLInputElement | null): boolean {
  field?.select()
  return document.execCommand("copy")
}

function InviteItem({ invite, onEnd }: { invite: Invite; onEnd: () => void }) {
  const until = timeUntil(invite.expires_at)
  const parts = [
    rights.inviteUsed(invite.uses, invite.uses_max),
    rights.inviteUntil(until),
    invite.role === "reader" ? rights.inviteReader : "",
  ]
  return (
    <li class="invite">
      <span class="invite-what">{parts.filter(Boolean).join(" · ")}</span>
      <button type="button" class="button button-small" aria-label={rights.revokeOf(until)} onClick={onEnd}>
        {rights.revoke}
      </button>
    </li>
  )
}
