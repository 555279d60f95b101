import { useMemo } from "preact/hooks"
import { isEmojiOnly } from "./emoji.ts"
import { blocksOf } from "./markdown.ts"
import { type Block, type Inline, type Link, type List, textOf } from "./markdown-node.ts"

/** What someone wrote. Only the elements below are ever made of it, and all its text becomes text nodes. */
export function MessageText({ content, selfName }: { content: string; selfName?: string | undefined }) {
  const blocks = useMemo(() => blocksOf(content), [content])
  return (
    <div class={isEmojiOnly(content) ? "text text-emoji" : "text"} dir="auto">
      {blocks.length === 1 && blocks[0]?.kind === "lines" ? (
        <Inlines nodes={blocks[0].children} selfName={selfName} />
      ) : (
        <Blocks blocks={blocks} selfName={selfName} />
      )}
    </div>
  )
}

type SelfName = { selfName: string | undefined }

function Blocks({ blocks, selfName }: { blocks: readonly Block[] } & SelfName) {
  return (
    <>
      {blocks.map((block, at) => (
        <BlockPart key={at} block={block} selfName={selfName} />
      ))}
    </>
  )
}

function BlockPart({ block, selfName }: { block: Block } & SelfName) {
  switch (block.kind) {
    case "lines":
      return (
        <p dir="auto">
          <Inlines nodes={block.children} selfName={selfName} />
        </p>
      )
    case "pre":
      return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
        <pre dir="ltr" tabIndex={0} {...(block.language !== "" && { "data-language": block.language })}>
          <code>{block.text}</code>
        </pre>
      )
    case "quote":
      return (
        <blockquote dir="auto">
          <Blocks blocks={block.blocks} selfName={selfName} />
        </blockquote>
      )
    case "list":
      return <ListPart list={block} selfName={selfName} />
  }
}

function ListPart({ list, selfName }: { list: List } & SelfName) {
  const items = list.items.map(({ number, children, lists }, at) => (
    <li key={at} dir="auto" {...(number !== null && { value: number })}>
      <Inlines nodes={children} selfName={selfName} />
      <Blocks blocks={lists} selfName={selfName} />
    </li>
  ))
  return list.items[0]?.number === null ? <ul>{items}</ul> : <ol>{items}</ol>
}

function Inlines({ nodes, selfName }: { nodes: readonly Inline[] } & SelfName) {
  return (
    <>
      {nodes.map((node, at) =>
        node.kind === "text" ? node.text : <InlinePart key={at} node={node} selfName={selfName} />,
      )}
    </>
  )
}

function InlinePart({ node, selfName }: { node: Exclude<Inline, { kind: "text" }> } & SelfName) {
  if (node.kind === "code") return <code dir="ltr">{node.text}</code>
  if (node.kind === "mention") {
    const isSelf = selfName !== undefined && node.text.slice(1).toLowerCase() === selfName.toLowerCase()
    return <span class={isSelf ? "mention mention-self" : "mention"}>{node.text}</span>
  }
  const inside = <Inlines nodes={node.children} selfName={selfName} />
  if (node.kind === "link") return <LinkPart link={node}>{inside}</LinkPart>
  if (node.kind === "strong") return <strong>{inside}</strong>
  return node.kind === "emphasis" ? <em>{inside}</em> : <s>{inside}</s>
}

/** A link that goes elsewhere than it reads says so: its place behind it (by CSS), all of it in the tooltip. */
function LinkPart({ link, children }: { link: Link; children: preact.ComponentChildren }) {
  const isBare = link.place === undefined
  return (
    <a
      class="link"
      dir={isBare ? "ltr" : "auto"}
      href={link.href}
      title={link.href === textOf(link.children) ? undefined : link.href}
      data-place={link.place}
      target="_blank"
      rel="noopener noreferrer nofollow"
    >
      {children}
    </a>
  )
}
