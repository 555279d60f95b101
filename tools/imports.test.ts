import { describe, expect, test } from "bun:test"
import {
  bunInItsPlaces,
  clientRunsAnywhere,
  declaredDependencies,
  endingsWritten,
  hooksAreThin,
  noCircles,
  protocolIsPlain,
  serverOrder,
  sqlInItsPlaces,
  sqlStaysHome,
  testingRunsAnywhere,
  workspaceBorders,
} from "./house-rules.ts"
import { faultsOf, type House, house, importsOf, transpiled, type Workspace } from "./imports.ts"
import { readSources, source } from "./source.ts"
import { manifestOf, readWorkspaces } from "./workspaces.ts"

const real = house(readSources(), readWorkspaces())
const rootDevDependencies = Object.keys(manifestOf("").devDependencies ?? {})

describe("the house", () => {
  test("is read as the transpiler reads it", () => {
    const missed = real.sources.flatMap((source) => {
      const seen = new Set(importsOf(source).map(({ path }) => path))
      return transpiled(source)
        .filter((path) => !seen.has(path) && !(source.path.endsWith("x") && path.startsWith("react")))
        .map((path) => `${source.path} ${path}`)
    })
    expect(missed).toEqual([])
  })

  test("the server's folders import one way", () => expect(serverOrder(real)).toEqual([]))
  test("workspaces meet only by name and by what they export", () =>
    expect(workspaceBorders(real)).toEqual([]))
  test("the contract imports zod only", () => expect(protocolIsPlain(real)).toEqual([]))
  test("the SDK runs anywhere", () => expect(clientRunsAnywhere(real)).toEqual([]))
  test("the in-memory Klatch runs anywhere", () => expect(testingRunsAnywhere(real)).toEqual([]))
  test("the hooks are thin", () => expect(hooksAreThin(real)).toEqual([]))
  test("the widget is small: the SDK, Preact, and nothing else of ours", () =>
    expect(widgetIsSmall(real)).toEqual([]))
  test("Bun's API is used in its places only", () => expect(bunInItsPlaces(real)).toEqual([]))
  test("a noun's SQL is imported by its own folder only", () => expect(sqlStaysHome(real)).toEqual([]))
  test("SQL stands in SQL modules only", () => expect(sqlInItsPlaces(real)).toEqual([]))
  test("no module leads back to itself", () => expect(noCircles(real)).toEqual([]))
  test("imports carry their ending", () => expect(endingsWritten(real)).toEqual([]))
  test("what is imported is declared", () =>
    expect(declaredDependencies(real, rootDevDependencies)).toEqual([]))
})

/** What a page of others loads is budgeted: each of these is known in size. */
const widgetIsSmall = (house: House): string[] =>
  faultsOf(house, (from, { path }) => {
    if (!from.startsWith("apps/widget/") || from.endsWith(".test.ts") || path.startsWith("."))
      return undefined
    return /^(?:@klatch\/client|@preact\/signals|preact(?:\/hooks)?)$/.test(path)
      ? undefined
      : `imports ${path}`
  })

const protocol = workspace("@klatch/protocol", "packages/protocol", {
  ".": "packages/protocol/src/index.ts",
  "./limits": "packages/protocol/src/limits.ts",
})
const workspaces = [
  { ...protocol, dependencies: ["zod"] },
  workspace("@klatch/client", "packages/client", { ".": "packages/client/src/index.ts" }),
  { ...workspace("@klatch/testing", "packages/testing", {}), devDependencies: ["@klatch/protocol", "zod"] },
  workspace("@klatch/server", "packages/server", { "./app": "packages/server/src/app.ts" }),
  workspace("@klatch/web", "apps/web", {}),
]

function workspace(name: string, folder: string, exports: Record<string, string>): Workspace {
  return { name, folder, exports, dependencies: [], devDependencies: [] }
}

const built = (files: Record<string, string>): House =>
  house(
    Object.entries(files).map(([path, text]) => source(path, text)),
    workspaces,
  )

/** A server file with one import that stays at run time. */
const importing = (path: string, imported: string): House =>
  built({ [path]: `import { a } from "${imported}"\nexport const b = a\n` })

const s = "packages/server/src"

describe("the reader of imports", () => {
  test("finds every form, on its line, and knows which remain at run time", () => {
    const text = [
      'import type { A } from "./a.ts"',
      'import { type B } from "./b.ts"',
      'import { C } from "./c.ts"',
      'export * from "./d.ts"',
      'export type { E } from "./e.ts"',
      'const f = await import("./f.ts")',
      'let g: import("./g.ts").G',
      'import "./h.ts"',
      'const k = require("./k.ts")',
      "console.log(C)",
    ].join("\n")
    expect(importsOf(source("x.ts", text)).map(({ path, line, typeOnly }) => [path, line, typeOnly])).toEqual(
      [
        ["./a.ts", 1, true],
        ["./b.ts", 2, true],
        ["./c.ts", 3, false],
        ["./d.ts", 4, false],
        ["./e.ts", 5, true],
        ["./f.ts", 6, false],
        ["./g.ts", 7, true],
        ["./h.ts", 8, false],
        ["./k.ts", 9, false],
      ],
    )
  })

  test("is not fooled by comments, strings, templates, regular expressions and page text", () => {
    const text = [
      '// import "./comment.ts"',
      '/* import "./block.ts" */',
      "const a = 'import \"./string.ts\"'",
      'const b = `import "./template.ts" $' + "{`$" + '{"x"}`} from`',
      "const c = /[\"'`]/.test(a) ? 4 / 2 : 1 / 3",
      "const d = <p>don't</p>",
      'import "./real.ts"',
    ].join("\n")
    expect(importsOf(source("x.tsx", text)).map(({ path }) => path)).toEqual(["./real.ts"])
  })
})

describe("the checkers can fail:", () => {
  test("server order", () => {
    expect(serverOrder(importing(`${s}/lib/a.ts`, "../db/sql.ts"))).toHaveLength(1)
    expect(serverOrder(importing(`${s}/db/a.ts`, "../lib/clock.ts"))).toEqual([])
    expect(serverOrder(importing(`${s}/live/delivery.ts`, "../log/catch-up.ts"))).toHaveLength(1)
    expect(serverOrder(importing(`${s}/log/room-log.ts`, "../live/delivery.ts"))).toHaveLength(1)
    expect(serverOrder(importing(`${s}/edge/ws/a.ts`, "../http/b.ts"))).toHaveLength(1)
    expect(serverOrder(importing(`${s}/edge/http/a.ts`, "../ws/b.ts"))).toHaveLength(1)
    expect(serverOrder(importing(`${s}/edge/http/a.ts`, "../../app.ts"))).toHaveLength(1)
    expect(serverOrder(importing(`${s}/app.ts`, "./main.ts"))).toHaveLength(1)
    expect(serverOrder(importing(`${s}/stray.ts`, "./lib/clock.ts"))).toHaveLength(1)
    expect(
      serverOrder(importing(`${s}/chat/rooms/rooms.ts`, "../../../../../tests/harness/node.ts")),
    ).toHaveLength(1)
    expect(
      serverOrder(importing(`${s}/chat/rooms/rooms.test.ts`, "../../../../../tests/harness/node.ts")),
    ).toEqual([])
    expect(serverOrder(importing(`${s}/chat/rooms/rooms.test.ts`, "../../app.ts"))).toHaveLength(1)
    const typesToo = built({ [`${s}/lib/a.ts`]: 'import type { Sql } from "../db/sql.ts"' })
    expect(serverOrder(typesToo)).toHaveLength(1)
  })

  test("workspace borders", () => {
    expect(
      workspaceBorders(importing("packages/client/src/a.ts", "../../protocol/src/index.ts")),
    ).toHaveLength(1)
    expect(workspaceBorders(importing("apps/web/src/a.ts", "@klatch/server/app"))).toHaveLength(1)
    expect(workspaceBorders(importing("apps/web/src/a.ts", "@klatch/protocol/src/frames.ts"))).toHaveLength(1)
    expect(workspaceBorders(importing("apps/web/src/a.ts", "@klatch/client"))).toEqual([])
    expect(workspaceBorders(importing("packages/protocol/src/a.ts", "@klatch/client"))).toHaveLength(1)
    expect(workspaceBorders(importing("tests/conformance/a.test.ts", "@klatch/server/app"))).toHaveLength(1)
    expect(workspaceBorders(importing("tests/e2e/a.test.ts", `../../${s}/app.ts`))).toHaveLength(1)
    expect(workspaceBorders(importing("tests/contract/a.test.ts", `../../${s}/cluster/bus.ts`))).toEqual([])
  })

  test("contract and SDK", () => {
    expect(protocolIsPlain(importing("packages/protocol/src/a.ts", "zod"))).toEqual([])
    expect(protocolIsPlain(importing("packages/protocol/src/a.ts", "node:util"))).toHaveLength(1)
    expect(clientRunsAnywhere(importing("packages/client/src/a.ts", "node:events"))).toHaveLength(1)
    expect(clientRunsAnywhere(importing("packages/client/src/a.ts", "preact"))).toHaveLength(1)
    expect(clientRunsAnywhere(importing("packages/client/src/a.ts", "@klatch/protocol"))).toHaveLength(1)
    expect(
      clientRunsAnywhere(built({ "packages/client/src/a.ts": "export const a = process.pid" })),
    ).toHaveLength(1)
    const types = 'import type { Frame } from "@klatch/protocol"\nexport type A = Frame'
    expect(clientRunsAnywhere(built({ "packages/client/src/a.ts": types }))).toEqual([])
    const limits = 'import { a } from "@klatch/protocol/limits"\nexport const b = a'
    const constants = { "packages/protocol/src/limits.ts": "export const a = 1" }
    const schemas = {
      "packages/protocol/src/limits.ts": 'import { z } from "zod"\nexport const a = z.string()',
    }
    expect(clientRunsAnywhere(built({ "packages/client/src/a.ts": limits, ...constants }))).toEqual([])
    expect(clientRunsAnywhere(built({ "packages/client/src/a.ts": limits, ...schemas }))).toHaveLength(1)
  })

  test("the in-memory Klatch", () => {
    const path = "packages/testing/src/a.ts"
    expect(testingRunsAnywhere(importing(path, "@klatch/protocol"))).toEqual([])
    expect(testingRunsAnywhere(importing(path, "@klatch/client"))).toHaveLength(1)
    expect(testingRunsAnywhere(importing(path, "bun:test"))).toHaveLength(1)
    expect(testingRunsAnywhere(importing(path, "node:child_process"))).toHaveLength(1)
    const types = 'import type { Clock } from "@klatch/client"\nexport type A = Clock'
    expect(testingRunsAnywhere(built({ [path]: types }))).toEqual([])
    const starter = "packages/testing/src/start-klatch.ts"
    expect(testingRunsAnywhere(importing(starter, "node:child_process"))).toEqual([])
    expect(testingRunsAnywhere(importing("packages/testing/src/a.test.ts", "bun:test"))).toEqual([])
  })

  test("hooks", () => {
    const path = "packages/react/src/a.ts"
    const types = (from: string) => built({ [path]: `import type { A } from "${from}"\nexport type B = A` })
    expect(hooksAreThin(importing(path, "react"))).toEqual([])
    expect(hooksAreThin(types("@klatch/client"))).toEqual([])
    expect(hooksAreThin(types("@klatch/protocol"))).toEqual([])
    for (const other of ["@klatch/client", "@klatch/protocol", "react-dom", "preact/compat", "node:util"])
      expect(hooksAreThin(importing(path, other))).toHaveLength(1)
    expect(hooksAreThin(types("@klatch/server/app"))).toHaveLength(1)
    expect(hooksAreThin(importing("packages/react/src/testing/a.ts", "react-dom/client"))).toEqual([])
  })

  test("the widget", () => {
    const path = "apps/widget/src/a.ts"
    for (const own of ["@klatch/client", "preact", "preact/hooks", "@preact/signals", "./b.ts"])
      expect(widgetIsSmall(importing(path, own))).toEqual([])
    for (const other of ["preact/compat", "virtua", "@klatch/protocol", "@klatch/web", "node:path"])
      expect(widgetIsSmall(importing(path, other))).toHaveLength(1)
  })

  test("Bun in its places", () => {
    const use = "export const a = Bun.nanoseconds()"
    expect(bunInItsPlaces(built({ [`${s}/chat/a.ts`]: use }))).toHaveLength(1)
    expect(bunInItsPlaces(built({ [`${s}/live/delivery.ts`]: use }))).toHaveLength(1)
    expect(bunInItsPlaces(importing(`${s}/lib/a.ts`, "bun:sqlite"))).toHaveLength(1)
    expect(bunInItsPlaces(importing("packages/client/src/a.ts", "bun"))).toHaveLength(1)
    expect(
      bunInItsPlaces(built({ [`${s}/live/local.ts`]: use, [`${s}/edge/ws/a.ts`]: use, "bench/a.ts": use })),
    ).toEqual([])
    expect(bunInItsPlaces(built({ [`${s}/chat/a.ts`]: '// Bun.serve\nconst a = "Bun.serve"' }))).toEqual([])
  })

  test("SQL", () => {
    expect(sqlStaysHome(importing(`${s}/chat/rooms/rooms.ts`, "./rooms.sql.ts"))).toEqual([])
    expect(sqlStaysHome(importing(`${s}/chat/members/members.ts`, "../rooms/rooms.sql.ts"))).toHaveLength(1)
    expect(sqlStaysHome(importing(`${s}/app.ts`, "./chat/rooms/rooms.sql.ts"))).toHaveLength(1)
    const texts = [
      "SELECT 1",
      " INSERT INTO a",
      "UPDATE a SET b",
      "DELETE FROM a",
      "WITH a AS (",
      "select a\nfrom b",
    ]
    for (const text of texts) {
      expect(
        sqlInItsPlaces(built({ [`${s}/chat/rooms/rooms.ts`]: `const a = sql\`${text}\`` })),
      ).toHaveLength(1)
      expect(sqlInItsPlaces(built({ [`${s}/chat/rooms/rooms.sql.ts`]: `const a = sql\`${text}\`` }))).toEqual(
        [],
      )
    }
    const words = 'const a = ["select", "With care", "Update your name", "delete"]'
    expect(sqlInItsPlaces(built({ [`${s}/chat/rooms/rooms.ts`]: words }))).toEqual([])
  })

  test("circles", () => {
    const link = (to: string) => `import { a } from "${to}"\nexport const b = a`
    const ring = { "bench/a.ts": link("./b.ts"), "bench/b.ts": link("./c.ts"), "bench/c.ts": link("./a.ts") }
    expect(noCircles(built(ring))).toEqual(["bench/a.ts -> bench/b.ts -> bench/c.ts -> bench/a.ts"])
    expect(noCircles(built({ ...ring, "bench/c.ts": "export const a = 1" }))).toEqual([])
    const byName = { "packages/client/src/index.ts": 'import type { A } from "./room.ts"\nexport type B = A' }
    const back = {
      "packages/client/src/room.ts": 'import type { B } from "@klatch/client"\nexport type A = B',
    }
    expect(noCircles(built({ ...byName, ...back }))).toHaveLength(1)
  })

  test("endings and declarations", () => {
    expect(endingsWritten(importing("bench/a.ts", "./b"))).toHaveLength(1)
    expect(endingsWritten(importing("bench/a.ts", "./b.ts"))).toEqual([])
    expect(declaredDependencies(importing("packages/protocol/src/a.ts", "zod"), [])).toEqual([])
    expect(declaredDependencies(importing("packages/client/src/a.ts", "zod/mini"), [])).toHaveLength(1)
    expect(
      declaredDependencies(importing("packages/client/src/a.ts", "fast-check"), ["fast-check"]),
    ).toHaveLength(1)
    expect(
      declaredDependencies(importing("packages/client/src/a.test.ts", "fast-check"), ["fast-check"]),
    ).toEqual([])
    expect(declaredDependencies(importing("packages/testing/src/a.ts", "@klatch/protocol"), [])).toEqual([])
    expect(declaredDependencies(importing("packages/testing/src/a.ts", "zod"), [])).toHaveLength(1)
    expect(declaredDependencies(importing("packages/client/src/a.ts", "@klatch/protocol"), [])).toHaveLength(
      1,
    )
  })
})
