import type { ComponentChildren } from "preact"
import { useLayoutEffect, useRef } from "preact/hooks"

interface DialogProps {
  /** The id of what names it. */
  labelledBy?: string
  label?: string
  class?: string
  /** Escape, or a press beside it. */
  onClose: () => void
  children: ComponentChildren
}

/** A window in front of the page, which waits meanwhile. When it goes, the focus goes back to where it was. */
export function Dialog(props: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const isGone = useRef(false)
  useLayoutEffect(() => {
    const shown = dialog.current
    shown?.showModal()
    return () => {
      isGone.current = true
      shown?.close()
    }
  }, [])
  const close = () => {
    if (isGone.current) return
    isGone.current = true
    props.onClose()
  }
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape is the key for it, which the browser tells by onClose
    <dialog
      ref={dialog}
      class={props.class === undefined ? "dialog" : `dialog ${props.class}`}
      aria-labelledby={props.labelledBy}
      aria-label={props.label}
      // Told at once, where the close that follows is told a moment later: a next key must not find it still open.
      onCancel={close}
      onClose={close}
      onClick={(event) => {
        if (event.target === event.currentTarget && isBeside(event)) close()
      }}
    >
      {props.children}
    </dialog>
  )
}

/** Whether a press was on the veil, and not on the edge of the window itself. */
function isBeside(event: MouseEvent): boolean {
  const box = (event.currentTarget as HTMLElement).getBoundingClientRect()
  const { clientX: x, clientY: y } = event
  return x < box.left || x > box.right || y < box.top || y > box.bottom
}
