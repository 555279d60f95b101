import { afterAll, beforeAll, describe } from "bun:test"
import { clientSuite } from "./testing/client-suite.ts"
import type { Kit } from "./testing/kit.ts"
import { openPage } from "./testing/page.ts"
import { renderSuite } from "./testing/render-suite.ts"
import { roomSuite } from "./testing/room-suite.ts"

describe("React:", () => {
  let kit: Kit
  let page: ReturnType<typeof openPage>
  beforeAll(async () => {
    page = openPage()
    kit = (await import("./testing/react-kit.ts")).kit
  })
  afterAll(() => page.close())

  roomSuite(() => kit)
  renderSuite(() => kit)
  clientSuite(() => kit)
})
