import { type EventType, eventSchemas, type FrameType, frameSchemas, limits } from "@klatch/protocol"
import { connectQuery } from "../asyncapi.ts"
import { eventGuide, isDurable, notSentYet } from "../event-guide.ts"
import { type AnswerName, answerGuide, answerSchemas, frameGuide, notSupportedYet } from "../frame-guide.ts"
import type { JsonSchema } from "../json-schema.ts"
import { jsonCode } from "./code.ts"
import { fieldRow, fieldsOf, type Resolve } from "./fields.ts"
import { type Html, html, inline, type Part, prose } from "./html.ts"
import type { Entry, Section } from "./section.ts"

/** An AsyncAPI document, as far as it is shown. */
export interface AsyncApi {
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> }
}

/** What every frame and event has, told once. */
const everywhere = ["type", "ref"]

/** The live side: connecting, frames, events. */
export function liveSections(document: AsyncApi): Section[] {
  const { schemas } = document.components
  const resolve: Resolve = (ref) => schemas[ref.slice(ref.lastIndexOf("/") + 1)] ?? {}
  const fields = (name: string) => fieldsOf(schemas[name] ?? {}, resolve, everywhere)
  const frameTypes = Object.keys(frameSchemas) as FrameType[]
  const eventTypes = Object.keys(eventSchemas) as EventType[]
  return [
    connecting(),
    {
      id: "frames",
      title: "Frames you send",
      lead: html`<p>Every frame is a JSON object with a <code>type</code>. Give it a <code>ref</code> of 1 to ${
        limits.refCharsMax
      } characters, and its <code>ack</code> or <code>error</code> repeats it. A <code>from</code> is
      accepted and ignored: the server knows who is speaking. Bad JSON, an unknown type or a bad field is
      answered with an error, and the connection stays.</p>`,
      entries: frameTypes.map((type) => frameEntry(type, fields)),
    },
    {
      id: "answers",
      title: "Good answers",
      lead: html`<p>What an <code>ack</code> carries, by the frame that it answers.</p>`,
      entries: (Object.keys(answerSchemas) as AnswerName[]).map((name) => ({
        id: `answer-${name}`,
        label: html`<code>${name}</code>`,
        heading: html`<code>${name}</code>`,
        body: withSample(
          html`<p class="summary">${inline(answerGuide[name].summary)}</p>
          <p>To ${inline(
            frameTypes
              .filter((type) => frameGuide[type].answer === name)
              .map((type) => `\`${type}\``)
              .join(", "),
          )}.</p>${fields(name)}`,
          jsonCode(answerGuide[name].example),
        ),
      })),
    },
    {
      id: "events",
      title: "Events you receive",
      lead: html`<p>A <span class="chip durable">durable</span> event is an entry of a room's log: it has a
      <code>seq</code>, contiguous per room from 1, and arrives in that order with no gap and no repeat. The
      others are told once and not stored. Ignore types and fields you do not know: there will be
      more.</p>`,
      entries: eventTypes.map((type) => eventEntry(type, fields)),
    },
  ]
}

function connecting(): Section {
  return {
    id: "connect",
    title: "Connecting",
    lead: html`<p>Open <code>/ws</code> with a WebSocket; <code>/chat</code> is the same door, where a text
    frame that is no JSON object is a message to the connection's room. The optional subprotocol is
    <code>klatch.v1</code>. The first frame you hear is <a href="#event-hello"><code>hello</code></a>. A
    browser's <code>Origin</code> must be the server's own or one of <code>CORS_ORIGINS</code>.</p>
    <p>Be heard every ${limits.heartbeatMs / 1_000} s, by any frame or a
    <a href="#frame-ping"><code>ping</code></a>; whoever is silent for twice as long is closed.</p>
    <p>Keep the last <code>seq</code> of each room. After a reconnect, connect with
    <code>subscribe=none</code> and send them in one <a href="#frame-resume"><code>resume</code></a>: what
    you missed comes first, then the live events.</p>
    <h4>Query</h4>
    <dl class="fields">${Object.entries(connectQuery.properties).map(([name, schema]) =>
      fieldRow(name, schema as JsonSchema, false),
    )}</dl>`,
    entries: [],
  }
}

type Fields = (name: string) => Html | undefined

function frameEntry(type: FrameType, fields: Fields): Entry {
  const { summary, text, example, answer, errors } = frameGuide[type]
  return {
    id: `frame-${type}`,
    label: html`<code>${type}</code>${!answer && html` <span class="chip later">later</span>`}`,
    heading: html`<code>${type}</code>${!answer && html` <span class="chip later">not in this version</span>`}`,
    body: withSample(
      html`<p class="summary">${inline(summary)}</p>
      ${text !== undefined && prose(text)}
      ${!answer && html`<p class="note">${inline(notSupportedYet)}</p>`}
      ${fields(`frame.${type}`)}
      ${
        answer !== undefined &&
        html`<p class="answer">Answered with
        <a href="#${answer.startsWith("ack.") ? "answer" : "event"}-${answer}"><code>${answer}</code></a>${
          errors.length > 0 && html`; may fail with ${errorLinks(errors)}`
        }.</p>`
      }`,
      jsonCode(example),
    ),
  }
}

function eventEntry(type: EventType, fields: Fields): Entry {
  const { summary, text, example, isLater } = eventGuide[type]
  return {
    id: `event-${type}`,
    label: html`<code>${type}</code>${isLater && html` <span class="chip later">later</span>`}`,
    heading: html`<code>${type}</code>${isDurable(type) && html` <span class="chip durable">durable</span>`}${
      isLater && html` <span class="chip later">not in this version</span>`
    }`,
    body: withSample(
      html`<p class="summary">${inline(summary)}</p>
      ${text !== undefined && prose(text)}
      ${isLater && html`<p class="note">${inline(notSentYet)}</p>`}
      ${fields(`event.${type}`)}`,
      jsonCode(example),
    ),
  }
}

const errorLinks = (codes: readonly string[]): Part[] =>
  codes.map((code, i) => [i > 0 && ", ", html`<a href="#error-${code}"><code>${code}</code></a>`])

const withSample = (body: Html, sample: Html): Html =>
  html`<div class="columns"><div>${body}</div><div class="sample">${sample}</div></div>`
