import { realStage } from "./testing-stage.ts"
import { describeKlatch } from "./testing-suite.ts"

describeKlatch("the real server", realStage)
