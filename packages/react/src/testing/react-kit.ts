import { act, createElement, memo, StrictMode, useLayoutEffect } from "react"
import { createRoot, hydrateRoot } from "react-dom/client"
import * as hooks from "../index.ts"
import type { Kit } from "./kit.ts"

export const kit: Kit = {
  hooks,
  createElement,
  memo,
  StrictMode,
  useLayoutEffect,
  createRoot,
  hydrateRoot,
  act: async (fn) => {
    await act(async () => fn())
  },
}
