import type { Signal } from "@preact/signals"

interface SelectProps<T extends string | number> {
  id: string
  label: string
  value: Signal<T>
  options: readonly (readonly [value: T, label: string])[]
  hint?: string
  /** Beside its label, and not below it. */
  isRow?: boolean
  isDisabled?: boolean
}

/** One of a few. */
export function SelectField<T extends string | number>(props: SelectProps<T>) {
  const { id, value, hint } = props
  const hintId = hint === undefined ? undefined : `${id}-hint`
  return (
    <div class={props.isRow ? "select-row" : undefined}>
      <label class="label" for={id}>
        {props.label}
      </label>
      <select
        id={id}
        class="input select"
        value={String(value.value)}
        disabled={props.isDisabled ?? false}
        aria-describedby={hintId}
        onChange={(event) => {
          const chosen = props.options[event.currentTarget.selectedIndex]
          if (chosen) value.value = chosen[0]
        }}
      >
        {props.options.map(([one, label]) => (
          <option key={one} value={String(one)}>
            {label}
          </option>
        ))}
      </select>
      {hint !== undefined && (
        <p id={hintId} class="hint">
          {hint}
        </p>
      )}
    </div>
  )
}
