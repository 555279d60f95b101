/** The socket's name is made from it; nothing listens on TCP. */
export const port = 5432

/**
 * The server's settings, given on its command line so that they always are this version's and win over
 * postgresql.conf. A cluster that is thrown away may skip the disk; any other has every guard on.
 */
export function serverArgs(throwAway: boolean): string[] {
  const settings: Record<string, string | number> = {
    cluster_name: "klatch",

    // Only a socket, in the data directory, which only its owner (and root) can enter.
    listen_addresses: "",
    unix_socket_directories: ".",
    unix_socket_permissions: "0700",
    port,
    max_connections: 60,

    // Durability. Without fsync_writethrough, macOS calls a write durable that sits in the drive's cache.
    fsync: throwAway ? "off" : "on",
    full_page_writes: throwAway ? "off" : "on",
    synchronous_commit: "on",
    ...(process.platform === "darwin" ? { wal_sync_method: "fsync_writethrough" } : {}),

    // One writer commits large batches: room for one in memory, checkpoints seldom and spread, and a disk use
    // and a crash recovery that stay small.
    wal_buffers: "8MB",
    max_wal_size: "512MB",
    min_wal_size: "96MB",
    checkpoint_timeout: "5min",
    checkpoint_completion_target: 0.9,

    // A guest on somebody's laptop: modest memory, no workers for plans that a chat never needs.
    shared_buffers: "64MB",
    effective_cache_size: "256MB",
    work_mem: "4MB",
    maintenance_work_mem: "32MB",
    random_page_cost: 1.1,
    jit: "off",
    io_method: "sync",
    // In the data directory: a kill -9 leaves nothing in /dev/shm, which containers keep small besides.
    dynamic_shared_memory_type: "mmap",
    max_parallel_workers_per_gather: 0,
    max_logical_replication_workers: 0,

    // The log: no statement, no row's values (they are people's messages), one line a fault.
    log_min_error_statement: "panic",
    log_error_verbosity: "terse",
    log_line_prefix: "%m [%p] ",
    timezone: "UTC",
    log_timezone: "UTC",
  }
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])
}
