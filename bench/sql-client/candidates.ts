import type { Candidate } from "./candidate.ts"
import { PgCandidate } from "./candidate-pg.ts"
import { PostgresCandidate } from "./candidate-postgres.ts"

export const candidateNames = ["pg", "pg-pipeline", "postgres"] as const
export type CandidateName = (typeof candidateNames)[number]

/** Opens a candidate. Throws for an unknown name or when SQL_CANDIDATE_PATH does not hold postgres.js. */
export async function openCandidate(name: string, socketDir: string): Promise<Candidate> {
  if (name === "pg") return new PgCandidate(socketDir, { pipeline: false })
  if (name === "pg-pipeline") return new PgCandidate(socketDir, { pipeline: true })
  if (name === "postgres") return await PostgresCandidate.open(socketDir)
  throw new Error(`no candidate is called ${name}`)
}
