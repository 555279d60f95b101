import { signal } from "@preact/signals"
import { Account, type AccountWorld, type End, pageWorld } from "./account.ts"
import { isOpenServer, type SignedIn, signIn, signInByOidc, signUp } from "./account-door.ts"
import { lobby, readAddress } from "./address.ts"
import { forgetAccount, keepName, keptName, onKeptSignIn, type SignIn } from "./kept.ts"
import { forgetOwnDrafts } from "./kept-drafts.ts"
import { isName } from "./name.ts"
import { type Back, cameBack, type TabStorage } from "./oidc.ts"
import { oidcFault } from "./oidc-fault.ts"
import { words } from "./words.ts"
import { rights } from "./words-rights.ts"
import { type Visitor, Workspace } from "./workspace.ts"

/** A server that cannot say whether a name is enough is asked again after so long. */
const againMs = 2_000

/** What the page shows. */
export type Scene =
  /** Nothing yet: the server is asked whether a name is enough. */
  | { readonly is: "asking" }
  | { readonly is: "name"; readonly wrongName: string | null; readonly refusal?: string }
  | {
      readonly is: "sign-in"
      readonly name: string
      readonly isNew: boolean
      readonly notice: string | null
      readonly isOpen: boolean
    }
  | { readonly is: "chat"; readonly workspace: Workspace }

/** Why it is asked who is there. */
interface Question {
  /** By which someone came, or would have. */
  readonly name: string | null
  /** The server would not have them by it. Where a name is enough, that is one that only its owner may go by. */
  readonly isRefused?: boolean
  /** Why their sign-in ended. */
  readonly notice?: string
}

/** Who is at the page, from the first look at it on: someone signed in, someone by a name, or not known yet. */
export class Visit {
  readonly scene = signal<Scene>({ is: "asking" })
  readonly server = readAddress(location.href).server
  readonly #world: AccountWorld = pageWorld(this.server)
  /** The name that the server gave a guest who has left: signing up keeps what they wrote. */
  #guest: string | null = null
  #stopWatching: () => void = () => {}

  constructor() {
    onKeptSignIn((kept) => this.#heard(kept))
    const back = cameBack(location.href, tabStorage())
    // Neither code nor state stays where it can be read over a shoulder, or sent on.
    if (back) history.replaceState(history.state, "", back.address)
    if (back?.is === "code") void this.#finish(back)
    else this.#begin(back && oidcFault(back))
  }

  /** Shows who is here already; else asks, with what there is to say first. */
  #begin(notice: string | null): void {
    const account = Account.kept(this.#world)
    const { user } = readAddress(location.href)
    const name = user ?? keptName()
    if (account) this.#enterAs(account)
    // One that no server takes is asked for again, and not sent over and over.
    else if (name !== null && isName(name)) this.#chat({ name, inAddress: user !== null, account: null })
    else void this.#ask({ name: user, ...(notice !== null && { notice }) })
  }

  /** Someone is back from the provider: what they bring is good once, and now. */
  async #finish(back: Back & { readonly is: "code" }): Promise<void> {
    try {
      this.signedIn(await signInByOidc(this.server, back.given))
    } catch (thrown) {
      this.#begin(oidcFault(back, thrown))
    }
  }

  /** The room that will be shown. */
  get room(): string {
    const { invite, room } = readAddress(location.href)
    return invite === null ? (room ?? lobby) : rights.invitedRoom
  }

  /** Goes by a name; null is a guest. */
  readonly enter = (name: string | null): void => {
    keepName(name)
    this.#chat({ name, inAddress: false, account: null })
  }

  readonly signIn = (name: string, password: string): Promise<SignedIn> => signIn(this.server, name, password)

  readonly signUp = (name: string, password: string): Promise<SignedIn> =>
    signUp(this.server, name, password, this.#guest)

  readonly signedIn = (signedIn: SignedIn): void => {
    keepName(null)
    this.#guest = null
    this.#enterAs(Account.begin(signedIn, this.#world))
  }

  /** Gives up the name, or signs out. */
  readonly leave = (): void => {
    const { scene } = this
    if (scene.value.is !== "chat") return
    const { workspace } = scene.value
    if (workspace.account) return void workspace.account.signOut()
    if (workspace.name === null) this.#guest = workspace.client.user.get()?.username ?? null
    keepName(null)
    this.#close()
    this.askName(null)
  }

  readonly askName = (wrongName: string | null, refusal?: string): void => {
    this.scene.value = { is: "name", wrongName, ...(refusal !== undefined && { refusal }) }
  }

  /** Asks for a name and a password, from where a name is enough. */
  readonly askAccount = (name: string, isNew: boolean): void => {
    this.scene.value = { is: "sign-in", name, isNew, notice: null, isOpen: true }
  }

  #enterAs(account: Account): void {
    account.onEnd = (why) => this.#ended(account, why)
    this.#chat({ name: account.username, inAddress: false, account })
  }

  #chat(visitor: Visitor): void {
    this.#close()
    const workspace = new Workspace(visitor)
    this.scene.value = { is: "chat", workspace }
    if (visitor.account) return
    const { connection } = workspace.client
    this.#stopWatching = connection.subscribe(() => {
      const { phase, lastError } = connection.get()
      if (phase === "closed" && lastError?.code === "invalid_field") {
        this.#close()
        this.askName(visitor.name, lastError.message)
        // Also one who is let in to say who they are, and has nothing to say: they would come back for ever.
      } else if ((phase === "closed" || phase === "waiting") && lastError?.code === "unauthorized") {
        this.#close()
        void this.#ask({ name: visitor.name, isRefused: true })
      }
    })
  }

  /** Ends the chat, if there is one. Its room stays in the address, for whoever comes next; so does an invitation. */
  #close(): void {
    this.#stopWatching()
    this.#stopWatching = () => {}
    if (this.scene.value.is !== "chat") return
    const { workspace } = this.scene.value
    workspace.close()
    if (workspace.invite.value?.error !== null)
      history.replaceState(null, "", `?r=${encodeURIComponent(workspace.ref.value)}`)
  }

  #ended(account: Account, why: End): void {
    if (this.scene.value.is !== "chat" || this.scene.value.workspace.account !== account) return
    this.#close()
    // Whoever signs out leaves nothing of what they read to the next one here.
    if (why === "signed_out") {
      forgetAccount(account.key, account.id)
      forgetOwnDrafts(account.key)
    }
    const notice = why === "over" ? words.signIn.over : words.signIn.signedOut
    void this.#ask({ name: account.username, notice })
  }

  /** Asks who is there: by a name where that is enough, unless it is somebody's or a sign-in came to its end. */
  async #ask(question: Question): Promise<void> {
    const asking: Scene = { is: "asking" }
    this.scene.value = asking
    const isOpen = await isOpenServer(this.server).catch(() => null)
    // Another tab has signed in meanwhile.
    if (this.scene.value !== asking) return
    if (isOpen === null) {
      setTimeout(() => {
        if (this.scene.value === asking) void this.#ask(question)
      }, againMs)
      return
    }
    const { name, isRefused = false, notice = null } = question
    const owned = name !== null && isRefused ? words.signIn.owned(name) : null
    if (isOpen && notice === null && owned === null) return this.askName(name)
    keepName(null)
    const invited = readAddress(location.href).invite === null ? null : rights.invited
    this.scene.value = {
      is: "sign-in",
      name: name ?? "",
      isNew: false,
      notice: notice ?? (isOpen ? owned : invited),
      isOpen,
    }
  }

  /** Another tab has signed in, out, or renewed its tokens. */
  #heard(kept: SignIn | null): void {
    const scene = this.scene.value
    const here = scene.is === "chat" ? scene.workspace.account : null
    // Whoever chats by a name goes on doing so.
    if (here?.id === kept?.id || (scene.is === "chat" && here === null)) return
    if (kept === null) here?.end("signed_out")
    else {
      const account = Account.kept(this.#world)
      if (account) this.#enterAs(account)
    }
  }
}

/** Where a page may keep nothing, as if nothing was kept. */
function tabStorage(): TabStorage {
  try {
    return sessionStorage
  } catch {
    return { getItem: () => null, setItem: () => {}, removeItem: () => {} }
  }
}
