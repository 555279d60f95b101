import type { VNode } from "preact"

/**
 * In this repository what React may show may be Preact's: the web client hands Preact's elements to a list that is
 * typed for React, and its bundle puts Preact in React's place. Nothing that is published sees this.
 */
declare module "react" {
  interface DO_NOT_USE_OR_YOU_WILL_BE_FIRED_EXPERIMENTAL_REACT_NODES {
    readonly preact: VNode
  }
}
