/**
 * Asks what a line of `curl` asks, on machines without it too: an address, headers by `-H`, a body by `-d`. Answers
 * the body; throws for another option, and for what the server refuses.
 */
export async function curl(line: string): Promise<string> {
  const [program, ...words] = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare)
  const headers = new Headers()
  const addresses: string[] = []
  let body: string | null = null
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === "-d") {
      body = words.shift() ?? ""
      if (!headers.has("content-type")) headers.set("content-type", "application/x-www-form-urlencoded")
    } else if (word === "-H") {
      const [, name = "", value = ""] = /^([^:]+): *(.*)$/.exec(words.shift() ?? "") ?? []
      headers.set(name, value)
    } else if (word.startsWith("-")) throw new Error(`nobody knows "${word}" of ${line}`)
    else addresses.push(/^https?:/.test(word) ? word : `http://${word}`)
  }
  const [address, ...others] = addresses
  if (program !== "curl" || !address || others.length > 0) throw new Error(`not one address: ${line}`)
  const response = await fetch(address, { method: body === null ? "GET" : "POST", headers, body })
  const answer = await response.text()
  if (!response.ok) throw new Error(`${line}\nwas answered ${response.status} ${answer}`)
  return answer
}
