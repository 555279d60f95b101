import { createElement, memo, StrictMode, useLayoutEffect } from "preact/compat"
import { createRoot, hydrateRoot } from "preact/compat/client"
import { act } from "preact/test-utils"
import * as hooks from "../index.ts"
import type { Kit } from "./kit.ts"

/** Typed as React: that is what the hooks are written for, and what Preact's layer stands in for. */
export const kit = {
  hooks,
  createElement,
  memo,
  StrictMode,
  useLayoutEffect,
  createRoot,
  hydrateRoot,
  act: async (fn: () => void | Promise<void>) => {
    await act(async () => fn())
  },
} as unknown as Kit
