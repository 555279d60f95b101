import { memoryStage } from "./testing-stage.ts"
import { describeKlatch } from "./testing-suite.ts"

describeKlatch("the in-memory Klatch", memoryStage)
