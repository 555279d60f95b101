import { block, shellBlock } from "./code.ts"
import { type Html, html, prose } from "./html.ts"
import { httpSections, type OpenApi } from "./http-part.ts"
import { type AsyncApi, liveSections } from "./live-part.ts"
import type { Section } from "./section.ts"
import { tableSections } from "./tables-part.ts"

export interface PageLinks {
  readonly style: string
  readonly icon: string
}

/** The whole documentation as one page. */
export function docsPage(openapi: OpenApi, asyncapi: AsyncApi, links: PageLinks): string {
  const parts = [
    { title: "Live", sections: liveSections(asyncapi) },
    { title: "HTTP", sections: httpSections(openapi) },
    { title: "Tables", sections: tableSections() },
  ]
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="theme-color" content="#f3f5f2" media="(prefers-color-scheme: light)">
<meta name="theme-color" content="#0f1311" media="(prefers-color-scheme: dark)">
<meta name="description" content="The Klatch API: WebSocket frames and events, HTTP operations, errors and limits.">
<title>Klatch API</title>
<link rel="icon" type="image/svg+xml" href="${links.icon}">
<link rel="stylesheet" href="${links.style}">
</head>
<body>
<a class="skip" href="#top">Skip to content</a>
<header class="bar"><a class="brand" href="#top">
<img src="${links.icon}" alt="" width="24" height="24">Klatch <span>API</span></a>
<nav class="documents" aria-label="Documents">
<a href="asyncapi.json">asyncapi.json</a><a href="openapi.json">openapi.json</a><a href="./">Chat</a></nav></header>
<div class="frame">
<nav class="contents wide" aria-label="Contents">${contents(parts)}</nav>
<main id="top">
<details class="contents narrow"><summary>Contents</summary>
<nav aria-label="Contents">${contents(parts)}</nav></details>
${quickStart(openapi)}
${parts.map(({ sections }) => sections.map(sectionHtml))}
<footer><p>Made from the same schemas that check every frame and every body.</p></footer>
</main>
</div>
</body>
</html>
`
  return page.text
}

type Parts = readonly { readonly title: string; readonly sections: readonly Section[] }[]

const contents = (parts: Parts): Html =>
  html`<p class="part">Start</p><ul><li><a href="#quick-start">Quick start</a></li></ul>${parts.map(
    ({ title, sections }) =>
      html`<p class="part">${title}</p><ul>${sections.map(
        ({ id, title, entries }) =>
          html`<li>${
            entries.length === 0
              ? html`<a href="#${id}">${title}</a>`
              : html`<details open><summary><a href="#${id}">${title}</a></summary><ul>${entries.map(
                  (entry) => html`<li><a href="#${entry.id}">${entry.label}</a></li>`,
                )}</ul></details>`
          }</li>`,
      )}</ul>`,
  )}`

const sectionHtml = ({ id, title, lead, entries }: Section): Html =>
  html`<section id="${id}"><h2><a class="anchor" href="#${id}">${title}</a></h2><div class="lead">${lead}</div>
${entries.map(
  (entry) =>
    html`<article id="${entry.id}">
<h3><a class="anchor" href="#${entry.id}">${entry.heading}</a></h3>${entry.body}</article>`,
)}</section>`

const tenLines = `const socket = new WebSocket("ws://localhost:8080/ws?user=alice&room=lobby")
const say = (content) => {
  const client_id = crypto.randomUUID()
  socket.send(JSON.stringify({ type: "message", room_id: "lobby", content, client_id }))
}
socket.onmessage = ({ data }) => {
  const event = JSON.parse(data)
  if (event.type === "hello") say("Hello from " + event.user.username)
  if (event.type === "message") console.log(event.seq, event.from, event.content)
}`

const quickStart = (openapi: OpenApi): Html => html`<section id="quick-start"><h1>Klatch API</h1>
<div class="lead"><p class="summary">Chat over one WebSocket and plain HTTP. A message that was acknowledged
is durable, stored once at one <code>seq</code>, and reaches every member in that order.</p>
<h4>A chat in ten lines</h4>
<p>In Node 22, in Bun, or in the console of <a href="./">the chat page</a>. Run it twice, as two users.</p>
${block(tenLines)}
<h4>The same over HTTP</h4>
${shellBlock(`curl -X POST 'http://localhost:8080/rooms/lobby/messages?user=alice' \\
  -H 'content-type: application/json' \\
  -d '{"content":"Hello!"}'
curl 'http://localhost:8080/history?r=lobby'`)}
${prose(openapi.info.description ?? "")}</div></section>`
