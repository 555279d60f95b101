import { closeTable, errorTable, limits } from "@klatch/protocol"
import { type Html, html, type Part } from "./html.ts"
import type { Section } from "./section.ts"

const retryWords = { never: "do not", after_change: "after a change", later: "later" } as const

/** The tables: errors, close codes, limits. */
export function tableSections(): Section[] {
  return [
    {
      id: "errors",
      title: "Errors",
      lead: html`<p>Over HTTP an error is <code>{"error": {"code", "message", "details"?,
      "retry_after_ms"?}}</code> with the status of its code; on a connection it is an
      <a href="#event-error"><code>error</code></a> event.</p>
      ${table(
        ["Code", "Meaning", "Try again"],
        Object.entries(errorTable).map(([code, { status, message, retry }]) => [
          html`<span class="status bad">${status}</span> <code id="error-${code}">${code}</code>`,
          message,
          retryWords[retry],
        ]),
      )}`,
      entries: [],
    },
    {
      id: "close-codes",
      title: "Close codes",
      lead: html`<p>4000 to 4499 mean come back, 4500 to 4999 do not.</p>
      ${table(
        ["Code", "Why", "Come back"],
        Object.values(closeTable).map(({ code, reason, comeBack }) => [
          html`<code>${code}</code>`,
          reason,
          comeBack ? "yes" : "no",
        ]),
      )}`,
      entries: [],
    },
    {
      id: "limits",
      title: "Limits",
      lead: html`<p>Every bound of the contract; <a href="#event-hello"><code>hello</code></a> tells those
      that a client must keep. The last word of a name is its unit or its bound.</p>
      ${table(
        ["Name", "Value"],
        Object.entries(limits).map(([name, value]) => [
          html`<code>${name}</code>`,
          value.toLocaleString("en"),
        ]),
      )}`,
      entries: [],
    },
  ]
}

const table = (heads: readonly string[], rows: readonly (readonly Part[])[]): Html => {
  const head = heads.map((text) => html`<th scope="col">${text}</th>`)
  const body = rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>`)
  return html`<div class="table" tabindex="0"><table>
<thead><tr>${head}</tr></thead>
<tbody>${body}</tbody>
</table></div>`
}
