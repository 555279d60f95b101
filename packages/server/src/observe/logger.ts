import pino from "pino"
import pretty from "pino-pretty"

export type Logger = pino.Logger

/** JSON lines on stdout; in development, lines for people. Never a message's words, never a token. */
export function makeLogger(options: { level: string; readable: boolean }): Logger {
  const base: pino.LoggerOptions = {
    level: options.level,
    base: {},
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  }
  if (!options.readable) return pino(base, pino.destination({ dest: 1, sync: true }))
  return pino(
    base,
    pretty({ sync: true, colorize: process.stdout.isTTY, translateTime: "HH:MM:ss.l", ignore: "event" }),
  )
}
