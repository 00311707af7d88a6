/**
 * Keeps the log lines that somebody may have to act on (warnings and errors) for `GET /api/incidents`, whatever
 * LOG_LEVEL is. Secrets are masked as in the log.
 */
import type { Clock } from '../../actors/clock.js';
import type { LineFields, Logger } from '../../actors/log-line.js';
import { runbookAnchor } from '../../machines/incident-lines.js';
import { maskText, redact } from './redact.js';

/** How long a line is kept, in milliseconds: long enough for whoever comes in the morning. */
export const KEPT_LINES_MS = 24 * 3_600_000;

/** Most lines that are kept; the oldest are dropped first, and the answer says that it is not complete. */
export const KEPT_LINES_MAX = 500; // an incident is two or three lines, so this is a very bad day

/** Longest message that is kept, in characters. */
export const KEPT_MESSAGE_CHARS = 2_000;

/** Most characters of the fields of one line, as JSON; further fields are left out, with `"more":true`. */
export const KEPT_FIELDS_CHARS = 2_000; // with the message some 2 MB for all lines

/** How severe a kept line is, least first. A line that begins with `❌ CRITICAL` is critical. */
export const KEPT_LEVELS = ['warn', 'error', 'critical'] as const;

/** One of {@link KEPT_LEVELS}. */
export type KeptLevel = (typeof KEPT_LEVELS)[number];

/** A line as it is kept. */
export interface KeptLine {
  /** ISO 8601. */
  readonly time: string;
  readonly level: KeptLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
  /** Anchor of its entry in docs/runbook.md; null when there is none. */
  readonly runbook: string | null;
}

/** Lines since a time. */
export interface KeptLines {
  /** False when lines of this time were dropped for newer ones. */
  readonly isComplete: boolean;
  /** Oldest first. */
  readonly lines: readonly KeptLine[];
}

/** The lines of the last day. */
export class LineKeeper {
  private readonly clock: Pick<Clock, 'now'>;
  private readonly kept: { readonly at: number; readonly line: KeptLine }[] = [];
  /** When the newest dropped line was written, Unix milliseconds; null when none was dropped for want of room. */
  private droppedAt: number | null = null;

  constructor(clock: Pick<Clock, 'now'>) {
    this.clock = clock;
  }

  /** Returns a logger that passes every line on and keeps those above `info`. */
  of(logger: Logger): Logger {
    return {
      get isDebug() {
        return logger.isDebug;
      },
      error: (message, fields) => {
        this.keep(message.startsWith('❌ CRITICAL') ? 'critical' : 'error', message, fields);
        logger.error(message, fields);
      },
      warn: (message, fields) => {
        this.keep('warn', message, fields);
        logger.warn(message, fields);
      },
      info: (message, fields) => {
        logger.info(message, fields);
      },
      debug: (message, fields) => {
        logger.debug(message, fields);
      }
    };
  }

  /** Returns the lines written at a time (Unix milliseconds) or later. */
  since(from: number): KeptLines {
    this.expire();
    return {
      isComplete: this.droppedAt === null || this.droppedAt < from,
      lines: this.kept.filter(({ at }) => at >= from).map(({ line }) => line)
    };
  }

  private keep(level: KeptLevel, message: string, fields: LineFields = {}): void {
    const at = this.clock.now();
    this.expire();
    if (this.kept.length === KEPT_LINES_MAX) this.droppedAt = this.kept.shift()?.at ?? null;
    const masked = maskText(message);
    this.kept.push({
      at,
      line: {
        time: new Date(at).toISOString(),
        level,
        message:
          masked.length > KEPT_MESSAGE_CHARS ? `${masked.slice(0, KEPT_MESSAGE_CHARS)}…` : masked,
        fields: shortened(redact(fields)),
        runbook: runbookAnchor(message, fields['finding'])
      }
    });
  }

  private expire(): void {
    const oldest = this.clock.now() - KEPT_LINES_MS;
    const fresh = this.kept.findIndex(({ at }) => at >= oldest);
    this.kept.splice(0, fresh === -1 ? this.kept.length : fresh);
  }
}

function shortened(fields: unknown): Record<string, unknown> {
  if (typeof fields !== 'object' || fields === null) return {};
  const kept: Record<string, unknown> = {};
  let chars = 0;
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    chars += name.length + JSON.stringify(value).length;
    if (chars > KEPT_FIELDS_CHARS) return { ...kept, more: true };
    kept[name] = value;
  }
  return kept;
}
