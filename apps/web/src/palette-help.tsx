import type { Frame } from "./app-frame.ts"
import { commandKey } from "./app-keys.ts"
import { Icon } from "./icon.tsx"
import { Dialog } from "./make-dialog.tsx"
import { words } from "./words.ts"

const keys = (): readonly (readonly [string, readonly string[]])[] => [
  [words.help.palette, [commandKey(), "K"]],
  [words.help.previous, ["Alt", "↑"]],
  [words.help.next, ["Alt", "↓"]],
  [words.help.unread, ["Alt", "Shift", "↓"]],
  [words.help.find, [commandKey(), "Shift", "F"]],
  [words.help.members, [commandKey(), "Shift", "M"]],
  [words.help.send, ["Enter"]],
  [words.help.line, ["Shift", "Enter"]],
  [words.help.editLast, ["↑"]],
  [words.help.compose, ["Esc"]],
  [words.help.close, ["Esc"]],
  [words.help.help, ["?"]],
]

/** Every key the page knows. */
export function Help({ frame }: { frame: Frame }) {
  return (
    <Dialog class="help" labelledBy="help-title" onClose={frame.closeFront}>
      <header class="help-head">
        <h2 id="help-title">{words.help.title}</h2>
        <button
          type="button"
          class="icon-button"
          aria-label={words.frame.close}
          title={words.frame.close}
          onClick={frame.closeFront}
        >
          <Icon name="close" />
        </button>
      </header>
      <dl class="keys">
        {keys().map(([what, presses]) => (
          <div key={what} class="key-row">
            <dt>{what}</dt>
            <dd>
              {presses.map((press) => (
                <kbd key={press}>{press}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
      <p class="hint">{words.help.hint}</p>
    </Dialog>
  )
}
