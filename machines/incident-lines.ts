/**
 * The runbook of log lines: every warning and error that the server logs, besides those of the findings, with what it
 * means, where to look and what to do. Source of `/runbook.html` and docs/runbook.md. The first line of a fault has an
 * entry of its own here; its finding is `fault`.
 */
import { FINDING_KINDS } from './finding.js';
import { remedyAnchor } from './finding-remedy.js';

/** The entry of a line. */
export interface IncidentLine {
  /** Its anchor in the runbook. */
  readonly id: string;
  /** Finds the message of the line. */
  readonly says: RegExp;
  /** Level of the line. */
  readonly level: 'warn' | 'error' | 'critical';
  readonly title: string;
  readonly means: string;
  /** Where to look, in order. */
  readonly look: readonly string[];
  /** What to do; begins in lower case and has no full stop. */
  readonly remedy: string;
}

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
    id: 'incident-delivery-actor',
    says: /a delivery actor crashed and was replaced/,
    level: 'error',
    title: 'A delivery actor crashed',
    means: 'The chart of one thread failed; it was made anew from the log, and lost nothing.',
    look: ['The fields `thread` and `reason`.', 'Whether it comes again with the same thread.'],
    remedy: 'report this fault of Rollcall, with its line'
  },
  {
    id: 'incident-handler-failed',
    says: /a handler failed; its connection was closed/,
    level: 'error',
    title: 'A handler failed',
    means:
      'The server could not work on a frame, and closed that connection with 3004. The client reconnects.',
    look: ['The fields `handler` and `reason`.', 'Whether one client causes it again and again.'],
    remedy: 'report this fault of Rollcall, with its line'
  },
  {
    id: 'incident-damaged-request',
    says: /a request needs a part of the thread log that is damaged/,
    level: 'error',
    title: 'A request met a damaged part of the log',
    means: 'A client or a backend asked for rows that are damaged, and was answered “unavailable”.',
    look: ['The field `reason`: the part of the log.'],
    remedy: 'do as for “A thread cannot be read”'
  },
  {
    id: 'incident-listener-failed',
    says: /a listener of messages failed|a listener of the thread log failed/,
    level: 'error',
    title: 'A listener failed',
    means:
      'A part that follows messages failed at one of them. The message is stored and delivered all the same.',
    look: ['The field `reason`.'],
    remedy: 'report this fault of Rollcall, with its line'
  },
  {
    id: 'incident-clock-jumped',
    says: /the clock of the machine has jumped ahead/,
    level: 'error',
    title: 'The clock has jumped',
    means:
      'The time of the machine went ahead at once. Retention by days goes on by the time since the start, so that nothing is trimmed too early.',
    look: ['The clock of the machine and its time service (`timedatectl`).'],
    remedy: 'set the clock right, then restart the server'
  },
  {
    id: 'incident-agent-modules',
    says: /a changed module of AGENTS is no good/,
    level: 'error',
    title: 'A changed agent could not be loaded',
    means:
      'In development a module of `AGENTS` was changed, and cannot be used. Its agents stay as they were.',
    look: ['The field `reason`.'],
    remedy: 'correct the module; it is loaded when it changes again'
  },
  {
    id: 'incident-agent-model',
    says: /the agent openai got no answer/,
    level: 'error',
    title: 'The model did not answer',
    means:
      'The server of `AGENT_URL` gave no answer, or only a part of one. Those runs are tried again, or fail.',
    look: ['The field `reason`.', 'The address by hand from this machine, with `AGENT_KEY`.'],
    remedy:
      'see whether the server of the model answers, and whether the key and `AGENT_MODEL` are right'
  },
  {
    id: 'incident-agent-stream',
    says: /a stream of a run failed; it was closed/,
    level: 'error',
    title: 'A stream of a run failed',
    means:
      'A reader of an agent’s answer was cut off. The run goes on, and the reader may resume it.',
    look: ['The field `reason`.'],
    remedy: 'report this fault of Rollcall, with its line'
  },
  {
    id: 'incident-agent-restore',
    says: /a run of an agent cannot be taken up again/,
    level: 'error',
    title: 'A run cannot be taken up again',
    means:
      'After a start, the record of a run that had not ended could not be read. The run stays without an end.',
    look: ['The field `reason`: the thread and the run.'],
    remedy: 'run `rollcall log check` at a quiet time'
  },
  {
    id: 'incident-agent-failed',
    says: /^the agent \S+ failed/,
    level: 'error',
    title: 'An agent failed',
    means:
      'The code of an agent threw. Its run has ended as failed, with a text that tells nothing of it.',
    look: ['The fields `thread` and `reason`: what was thrown.'],
    remedy: 'mend the agent'
  },
  {
    id: 'incident-observer',
    says: /an observer of the charts failed/,
    level: 'error',
    title: 'An observer failed',
    means: 'The inspector, or another observer of the charts, failed. The chat is not touched.',
    look: ['The field `reason`.'],
    remedy: 'report this fault of Rollcall, with its line'
  },
  {
    id: 'incident-further-faults',
    says: /further faults of other kinds/,
    level: 'error',
    title: 'Further faults',
    means: 'So many kinds of faults are open that further ones are counted together.',
    look: ['The other findings, and the load of the machine.'],
    remedy: 'restart the server if it does not end, and report the faults with their lines'
  }
];

/**
 * Returns the anchor in the runbook of a line, by its message and its field `finding`; null when it has no entry.
 */
export function runbookAnchor(message: string, finding: unknown): string | null {
  const kind = FINDING_KINDS.find((known) => known === finding);
  if (kind !== undefined) return remedyAnchor(kind);
  return INCIDENT_LINES.find(({ says }) => says.test(message))?.id ?? null;
}
