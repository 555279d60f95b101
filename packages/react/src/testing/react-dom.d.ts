/** What these tests use of React's renderers, which carry no types of their own. */
declare module "react-dom/client" {
  import type { ReactNode } from "react"

  interface Root {
    render(node: ReactNode): void
    unmount(): void
  }
  export function createRoot(container: Element): Root
  export function hydrateRoot(container: Element, node: ReactNode): Root
}

declare module "react-dom/server" {
  import type { ReactNode } from "react"

  export function renderToString(node: ReactNode): string
}
