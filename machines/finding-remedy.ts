/** What an operator does about each kind of finding: one home for the status page and docs/operations.md. */
import type { FindingKind } from './finding.js';

/** Advice by kind; docs/operations.md has the same words. */
export const FINDING_REMEDIES: Readonly<Record<FindingKind, string>> = {
  undelivered:
    'see whether the readers of the named threads are up; nothing is lost, the next subscriber gets it all',
  event_loop_lag:
    'see what else uses the CPU, and whether the disk stalls; look for huge frames; spread the load',
  lagging_connections:
    'see whether the network is full, or one thread has more than its readers can take',
  sink_lag: 'see whether ClickHouse has enough disk and CPU; the chat does not notice',
  part_missed: 'see `supervision` for the supervisor’s action and the time of the next attempt',
  restarts: 'the `message` has the reason; a required part that keeps crashing ends the server',
  log_fault: 'make room on the disk, or mend it; the server tries again every second',
  unreadable_threads: 'stop the server and run `rollcall log check`',
  disk_low: 'make room, bring ClickHouse back, or set `CLICKHOUSE_URL=off`',
  open_files:
    'raise the limit (`ulimit -n`, `LimitNOFILE` of systemd), or set `LIMIT_CONNECTIONS` below it',
  memory:
    'see `memory` in `/status` for what holds it; give the container or the heap (`--max-old-space-size`) more, or lower `LIMIT_CONNECTIONS`',
  token_keys:
    'see whether `AUTH_JWKS_URL` answers from this machine; the server tries again every minute, and every second while it has no keys',
  authorize:
    'see whether `AUTHORIZE_URL` answers within 2 s from this machine, with 200 and `{"allowed":true}` or `{"allowed":false}`',
  api_keys:
    'correct the file as the message says, or put the one from before back; the server looks at it every 5 seconds',
  webhooks:
    'see whether `WEBHOOK_URL` answers with a status of 200 to 299 within 10 s; then send again what was given up, or drop it (docs/webhooks.md)',
  agent_silent:
    'see whether what the agent asks answers; cancel the run, or wait: it fails after `AGENT_RUN_MS`',
  agent_tool: 'see whether what the tool calls answers; give it a shorter time in the agent',
  agent_failing:
    'see the `agent_failed` entries of its threads, and the log; mend the agent or what it asks',
  agent_blocking: 'let the agent do such work in a worker, or in pieces with `await` between them',
  fault: 'report this fault of Rollcall, with its log line'
};

/** The anchor of a kind's advice in docs/operations.md. */
export function remedyAnchor(kind: FindingKind): string {
  return `finding-${kind.replaceAll('_', '-')}`;
}
