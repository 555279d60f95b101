import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client"

/** What is read at each scrape rather than counted on the hot path. */
export interface Gauges {
  connections(): number
  waiting(): number
  liveRooms(): number
  ready(): boolean
}

const LATENCY_BUCKETS_MS = [0.5, 1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 5_000]

/** Every metric of a node, in Prometheus' terms. No label names a user or a room. */
export class Metrics {
  readonly #registry = new Registry()
  #messages = 0
  #messagesAtLastScrape = 0
  #lastScrapeMs: number
  readonly #nowMs: () => number
  readonly frames = this.#counter("klatch_frames_total", "Frames received.")
  readonly errors = this.#counter("klatch_errors_total", "Errors answered, by code.", ["code"])
  readonly closes = this.#counter("klatch_connection_closes_total", "Connections ended, by close code.", [
    "code",
  ])
  readonly queries = this.#counter("klatch_db_queries_total", "Statements and transactions, by lane.", [
    "lane",
  ])
  readonly outages = this.#counter(
    "klatch_db_outages_total",
    "Flushes that failed and were tried again or given up.",
  )
  readonly heals = this.#counter(
    "klatch_delivery_healed_entries_total",
    "Entries read from the log to mend a gap.",
  )
  readonly retired = this.#counter("klatch_retention_entries_total", "Entries removed by retention.")
  readonly requests = this.#counter("klatch_http_requests_total", "HTTP requests, by status class.", [
    "status",
  ])
  /** Set where several workers share a page. */
  pageOfAll: (() => Promise<string>) | undefined
  readonly flushSize: Histogram
  readonly writeMs: Histogram
  readonly busLag: Gauge
  readonly busUp: Gauge

  constructor(gauges: Gauges, nowMs: () => number) {
    this.#nowMs = nowMs
    this.#lastScrapeMs = nowMs()
    collectDefaultMetrics({ register: this.#registry })
    // On Bun they walk the whole heap, the server standing still: 73 ms for 400,000 objects, at each scrape.
    for (const kind of ["total", "used", "available"])
      this.#registry.removeSingleMetric(`nodejs_heap_space_size_${kind}_bytes`)
    this.flushSize = new Histogram({
      name: "klatch_flush_drafts",
      help: "Drafts in one transaction.",
      buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000],
      registers: [this.#registry],
    })
    this.writeMs = new Histogram({
      name: "db_write_latency_ms",
      help: "Time of one durable flush, commit included, in ms.",
      buckets: LATENCY_BUCKETS_MS,
      registers: [this.#registry],
    })
    this.busLag = this.#gauge(
      "redis_pubsub_lag",
      "Time from publishing to hearing on the bus, in ms; 0 on one node.",
      undefined,
      "max",
    )
    this.busUp = this.#gauge(
      "klatch_bus_up",
      "1 when other nodes are heard; 0 when not, and on one node.",
      undefined,
      "min",
    )
    this.#gauge("websocket_connections_total", "Open connections.", gauges.connections)
    this.#gauge("klatch_log_waiting", "Drafts waiting to be stored.", gauges.waiting)
    this.#gauge("klatch_live_rooms", "Rooms with listeners on this node.", gauges.liveRooms)
    this.#gauge("klatch_ready", "1 when this node can serve.", () => (gauges.ready() ? 1 : 0), "min")
    this.#gauge("messages_per_second", "Messages stored a second since the last scrape.", () => this.#rate())
    new Counter({
      name: "klatch_messages_total",
      help: "Messages stored.",
      registers: [this.#registry],
      collect: this.#collectMessages(),
    })
  }

  /** Counts stored messages: a plain addition, since it is on the hot path. */
  stored(count: number): void {
    this.#messages += count
  }

  /** The page that Prometheus reads: of all workers where this is one of several. */
  text(): Promise<string> {
    const own = () => this.#registry.metrics()
    return this.pageOfAll ? this.pageOfAll().catch(own) : own()
  }

  /** This node's own, to be put together with others'. */
  json(): Promise<object[]> {
    return this.#registry.getMetricsAsJSON()
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  #rate(): number {
    const nowMs = this.#nowMs()
    const seconds = Math.max(0.001, (nowMs - this.#lastScrapeMs) / 1_000)
    const rate = (this.#messages - this.#messagesAtLastScrape) / seconds
    this.#lastScrapeMs = nowMs
    this.#messagesAtLastScrape = this.#messages
    return rate
  }

  #collectMessages() {
    let told = 0
    const total = () => this.#messages
    return function collect(this: Counter) {
      this.inc(total() - told)
      told = total()
    }
  }

  #counter(name: string, help: string, labelNames: string[] = []): Counter {
    return new Counter({ name, help, labelNames, registers: [this.#registry] })
  }

  #gauge(name: string, help: string, read?: () => number, aggregator: "sum" | "min" | "max" = "sum"): Gauge {
    return new Gauge({
      name,
      help,
      aggregator,
      registers: [this.#registry],
      ...(read && {
        collect() {
          this.set(read())
        },
      }),
    })
  }
}
