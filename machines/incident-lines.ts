/**
 * The runbook of log lines: every warning and error that the server logs, besides those of the findings, with what it
 * means, where to look and what to do. Source of `/runbook.html` and docs/runbook.md. Faults are in `fault-lines.ts`; their
 * finding is `fault`.
 */
import { FINDING_KINDS } from './finding.js';
import { FAULT_LINES } from './fault-lines.js';
import { remedyAnchor } from './finding-remedy.js';
import type { IncidentLine } from './incident-line.js';

/** The entries; a line's is the first that finds its message. */
export const INCIDENT_LINES: readonly IncidentLine[] = [
  {
    id: 'incident-cannot-deliver',
    says: /Cannot deliver message/,
    level: 'error',
    title: 'Cannot deliver message',
    means:
      'Nobody subscribed to a thread within the grace (`DELIVERY_GRACE_MS`) after a message. The message is kept and goes to the next subscriber. Test threads never cause this line.',
    look: [
      'The field `thread`: which program should read there, and whether it is connected (inspector, tab Connections).',
      'Whether many threads are named within minutes: then a whole client, or the network to it, is down.',
      'The line `Delivery resumed`, which comes when somebody subscribes.'
    ],
    remedy: 'start or mend the program that reads the thread; there is nothing to repair afterwards'
  },
  {
    id: 'incident-zero-handlers',
    says: /ZERO WebSocket message handlers/,
    level: 'warn',
    title: 'ZERO WebSocket message handlers',
    means:
      'The message handlers were not registered within `HANDLER_GRACE_MS` after the start. No client is let in until they are.',
    look: [
      '`handlers` and `startup` in `/status`: what the start waits for.',
      'The lines before this one: the handlers wait for the open thread log.'
    ],
    remedy:
      'wait while a large log is opened or rewritten by a new version; else mend what the lines before name, and start again'
  },
  {
    id: 'incident-clickhouse-required',
    says: /❌ CRITICAL: ClickHouse required but/,
    level: 'critical',
    title: 'ClickHouse required but not there',
    means:
      'ClickHouse is required (`CLICKHOUSE_REQUIRED`, the default in production) and could not be connected. The start has failed with exit code 3.',
    look: [
      'The reason in the line: refused, a wrong password, a missing database, an old version.',
      'ClickHouse by hand from this machine: `curl -i` with the address of `CLICKHOUSE_URL`.'
    ],
    remedy:
      'start or correct ClickHouse and start again; to run without it until then, set `CLICKHOUSE_REQUIRED=false`: nothing is lost, it is filled in later'
  },
  {
    id: 'incident-root-failed',
    says: /❌ CRITICAL: the root chart failed/,
    level: 'critical',
    title: 'The root chart failed',
    means: 'A fault of Rollcall has ended the server. What was acknowledged is in the log.',
    look: ['The text of the line, and the lines before it.'],
    remedy: 'start the server again, and report this fault with its lines'
  },
  {
    id: 'incident-startup-failed',
    says: /❌ CRITICAL:/,
    level: 'critical',
    title: 'The start has failed',
    means:
      'A required part could not be started, or was lost too often afterwards. The server has stopped what had started, and ended.',
    look: [
      'The line: it names the part, the phase, the reason and what to do.',
      '`rollcall check` with the same settings: it names what is wrong with them.'
    ],
    remedy: 'do what the line says, and start again'
  },
  {
    id: 'incident-part-lost',
    says: /was lost and is started again| has failed: /,
    level: 'warn',
    title: 'A part was lost',
    means:
      'A supervised part has ended or could not be started. The line says whether it is started again (`was lost`) or given up (`has failed`).',
    look: [
      'Supervision on the status page: what its supervisor does, and when it tries again.',
      'The reason in the line; the part in the inspector has the events that led there.'
    ],
    remedy:
      'see the reason; an optional part may stay away, a required one that is lost too often ends the server'
  },
  {
    id: 'incident-log-outage',
    says: /the thread log takes no messages/,
    level: 'error',
    title: 'The thread log takes no messages',
    means:
      'The disk does not take what is published. Publishes are answered “unavailable” and clients keep them; nothing acknowledged is lost.',
    look: [
      'The reason in the line, the room on the disk of `DATA_DIR` and its quota.',
      'The log of the kernel, for faults of the disk.'
    ],
    remedy: 'make room, or mend the disk; the server tries again every second, without a restart'
  },
  {
    id: 'incident-unreadable',
    says: /cannot be read after offset|threads cannot be read; from here on| cannot be read \(/,
    level: 'error',
    title: 'A thread cannot be read',
    means: 'Rows of the thread log are damaged. Who reads them is told of a gap; all else goes on.',
    look: [
      'The fields of the line: thread and offset.',
      'The log of the kernel, for faults of the disk.'
    ],
    remedy:
      'stop the server at a quiet time and run `rollcall log check`; restore a backup, or run it with `--repair`'
  },
  {
    id: 'incident-log-rebuilt',
    says: /pages of the thread log were damaged/,
    level: 'warn',
    title: 'The thread log was rebuilt',
    means:
      'Pages of the file were damaged, and the start has made a new file of what is whole. The old one is kept beside it. Clients are told of a gap.',
    look: ['The line: it says what was damaged.', 'The disk: this does not happen to a sound one.'],
    remedy: 'restore a backup if you have a better one; check the disk'
  },
  {
    id: 'incident-log-renewed',
    says: /the thread log is an older one than was here/,
    level: 'warn',
    title: 'The thread log is not the one from before',
    means:
      'The log is a copy from before (a restored backup), was repaired, or comes from elsewhere. Every thread has a new epoch: clients are told that they may have messages that the server lacks.',
    look: ['Whether somebody has restored a backup.', 'docs/durability.md, about backups.'],
    remedy: 'nothing after a restore; without one, see who changed `DATA_DIR`, and check the disk'
  },
  {
    id: 'incident-log-after-crash',
    says: /the machine went down under a log with DURABILITY=process/,
    level: 'warn',
    title: 'The machine went down',
    means:
      'With `DURABILITY=process` an ack does not wait for the disk: what was acknowledged in the last moments before the machine went down may be lost. Clients are told of a gap.',
    look: ['Why the machine went down.'],
    remedy: 'nothing; set `DURABILITY=disk` if an ack must survive the loss of the machine'
  },
  {
    id: 'incident-clickhouse-lost',
    says: /ClickHouse lost, reconnecting/,
    level: 'warn',
    title: 'ClickHouse lost',
    means:
      'A required ClickHouse does not answer any more. Open chats go on and `/readyz` answers 503 until it is back. The log keeps what it has missed.',
    look: ['The reason in the line.', 'Services on the status page: the next attempt.'],
    remedy: 'bring ClickHouse back; the server connects by itself'
  },
  {
    id: 'incident-clickhouse-rows',
    says: /ClickHouse takes no rows/,
    level: 'warn',
    title: 'ClickHouse takes no rows',
    means: 'ClickHouse answers, and refuses what it is to store. The log keeps it.',
    look: [
      'The reason in the line: rights, a full disk, a read-only table.',
      'Copy in ClickHouse on the status page: what waits.'
    ],
    remedy: 'correct what the reason names; the rows follow by themselves'
  },
  {
    id: 'incident-webhooks',
    says: /Webhooks are not taken/,
    level: 'warn',
    title: 'Webhooks are not taken',
    means:
      'The receiver of `WEBHOOK_URL` does not take events. They wait in the thread log, and are tried again for a day.',
    look: [
      'The reason in the line: a status, a timeout, an address.',
      '`webhooks` in `/status`: how many events wait.'
    ],
    remedy: 'correct what the reason names; the events follow by themselves'
  },
  {
    id: 'incident-clickhouse-expiry',
    says: /Old rows stay in ClickHouse/,
    level: 'warn',
    title: 'Old rows stay in ClickHouse',
    means:
      'Rows older than `CLICKHOUSE_TTL_DAYS` could not be deleted. The server tries again a day later.',
    look: ['The reason in the line; the user of ClickHouse needs `ALTER DELETE`.'],
    remedy: 'give the user the right, or mend what the reason names'
  },
  {
    id: 'incident-clickhouse-erased',
    says: /Erased messages stay in ClickHouse/,
    level: 'warn',
    title: 'Erased messages stay in ClickHouse',
    means:
      'Messages were erased from the thread log, and ClickHouse did not take the change: search still finds them. The server tries again, also after a restart.',
    look: ['The reason in the line; the user of ClickHouse needs `ALTER UPDATE`.'],
    remedy: 'give the user the right, or mend what the reason names; the change follows by itself'
  },
  {
    id: 'incident-nats-lost',
    says: /NATS is away, connecting again/,
    level: 'warn',
    title: 'NATS is away',
    means:
      'This node has lost its broker. Publishes are answered “unavailable” until it is back, and clients keep them.',
    look: ['The reason in the line.', 'The broker of `NATS_URL`, and the network to it.'],
    remedy: 'bring the broker back; the server connects by itself'
  },
  {
    id: 'incident-nats-old',
    says: /The broker .* is too old/,
    level: 'warn',
    title: 'The broker is too old',
    means: 'The NATS server of `NATS_URL` lacks what Rollcall needs of JetStream.',
    look: ['The version in the line.'],
    remedy: 'upgrade the NATS server'
  },
  {
    id: 'incident-unwatched-mark',
    says: /the mark of an unwatched thread was not stored/,
    level: 'warn',
    title: 'A mark was not stored',
    means:
      'The log did not take the note that a thread has undelivered messages. If the server stops before it does, those messages are not reported again after the start; they are not lost.',
    look: ['The lines about the thread log at the same time.'],
    remedy: 'see that the thread log takes messages again'
  },
  {
    id: 'incident-lines-dropped',
    says: /log lines: the log output was too slow/,
    level: 'warn',
    title: 'Log lines were dropped',
    means: 'Whoever reads standard output was too slow, and so many lines are missing there.',
    look: [
      'The program that collects the log.',
      '`GET /api/incidents`, which has the warnings and errors all the same.'
    ],
    remedy: 'give the collector more, or log less (`LOG_LEVEL`)'
  },
  {
    id: 'incident-not-stopped',
    says: /not everything had stopped after/,
    level: 'warn',
    title: 'Not everything had stopped',
    means:
      '`SHUTDOWN_MS` was over before all parts had stopped, and the process ended. What was acknowledged is in the log.',
    look: [
      'The field `live`: the parts that had not stopped.',
      'The number of clients: each needs 3 ms.'
    ],
    remedy: 'set a longer `SHUTDOWN_MS`, and let the process manager wait longer than that'
  },
  {
    id: 'incident-loop-blocked',
    says: /the event loop is blocked for|the event loop runs again/,
    level: 'error',
    title: 'The event loop stands still',
    means:
      'The process has done nothing for seconds: an agent, or something else in it, does not give the loop back. These lines come from a thread beside it and are not in `/api/incidents`.',
    look: ['The agent that the line names.', 'The load of the machine, and its disk.'],
    remedy:
      'mend the agent that is named (work in pieces with `await`, or in a worker); else see “Late event loop”'
  },
  {
    id: 'incident-loop-unwatched',
    says: /The event loop is not watched any more/,
    level: 'warn',
    title: 'The event loop is not watched',
    means: 'The thread that notices a blocked event loop has ended. The chat is not touched.',
    look: ['The field `reason`.'],
    remedy: 'restart the server at a quiet time, and report this fault with its reason'
  },
  {
    id: 'incident-traces-away',
    says: /the collector takes no traces/,
    level: 'warn',
    title: 'The collector takes no traces',
    means:
      'The collector of `OTEL_EXPORTER_OTLP_ENDPOINT` cannot be reached or refuses. Spans are dropped until it takes them; no message waits or is lost.',
    look: [
      'The field `reason`, and the collector from this machine: `curl -i` with the endpoint and `/v1/traces`.',
      'The line `The collector takes traces again`, with the number of dropped spans.'
    ],
    remedy: 'start or mend the collector, or unset `OTEL_EXPORTER_OTLP_ENDPOINT` and restart'
  },
  ...FAULT_LINES
];

/**
 * Returns the anchor in the runbook of a line, by its message and its field `finding`; null when it has no entry.
 */
export function runbookAnchor(message: string, finding: unknown): string | null {
  const kind = FINDING_KINDS.find((known) => known === finding);
  if (kind !== undefined) return remedyAnchor(kind);
  return INCIDENT_LINES.find(({ says }) => says.test(message))?.id ?? null;
}
