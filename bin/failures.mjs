const linesMax = 80
const failuresMax = 20

/**
 * Keeps of a step's output what led to each failure, so that it can be told again after the summary: the output of a
 * whole run is long, and who looks for the reason reads its end. Of a failure with more than 80 lines the last are
 * kept; past 20 failures no more are.
 */
export class Failures {
  #lines = []
  #told = []
  #rest = ""
  /** The runner tells by itself, without the reasons, what failed: enough was heard. */
  #isOver = false

  take(chunk) {
    const lines = (this.#rest + chunk).split("\n")
    this.#rest = lines.pop()
    for (const line of lines) this.#line(line)
  }

  #line(line) {
    this.#isOver ||= /^\d+ tests? failed:$/.test(plain(line))
    if (this.#isOver) return
    const [, verdict] = /^\((pass|skip|todo|fail)\) /.exec(plain(line)) ?? []
    if (verdict && verdict !== "fail") this.#lines = []
    else this.#lines = [...this.#lines.slice(1 - linesMax), line]
    if (verdict !== "fail") return
    if (this.#told.length < failuresMax) this.#told.push(this.#lines.join("\n"))
    this.#lines = []
  }

  /** One text a failed test; without one the last lines, which say why a compiler or a crash ended the step. */
  texts() {
    if (this.#rest !== "") this.take("\n")
    return this.#told.length > 0 ? this.#told : [this.#lines.join("\n")]
  }
}

/** Without colours. */
const plain = (line) => line.replace(new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g"), "")
