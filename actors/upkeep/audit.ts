/**
 * The audit log: who has done what with the data of others, such as to erase a message. Its entries are records of the
 * thread log, so that they are as durable and as safe from damage as messages; the oldest are removed.
 */
import type { Clock } from '../clock.js';
import { orDamaged } from '../log/log-errors.js';
import type { RecordChange } from '../log/log-writer.js';
import type { ThreadRecords } from '../log/thread-records.js';

/** Thread that the entries are kept under. A thread of that name has nothing to do with them. */
const RECORDS_OF = 'rollcall:audit';

/** Kind of the records. */
const AUDIT_KIND = 'audit';

/** Most entries that are kept; the oldest make room. */
export const AUDIT_MAX = 10_000; // about 2 MB

/** Most entries of one page. */
export const AUDIT_PAGE_MAX = 200;

/** Most characters of an entry. Of a longer one only the action is kept. */
const ENTRY_CHARS_MAX = 4_096;

const CUT = { cut: true };

/** Digits of a number in an id: ids sort as text. */
const DIGITS = 12;

/** Who has done it: a user, or an API key by its name; both null: a backend with `API_KEY`. */
export interface AuditActor {
  readonly user: string | null;
  readonly key: string | null;
}

/** What was done. `action` is a name such as `message.erase`; `detail` says what it was done to. */
export interface AuditAction {
  readonly action: string;
  readonly by: AuditActor;
  readonly detail: Readonly<Record<string, string | number | boolean | null>>;
}

/** An entry. */
export interface AuditEntry extends AuditAction {
  /** Number of the entry; they grow by one. */
  readonly seq: number;
  /** Unix milliseconds. */
  readonly at: number;
}

/** Options of {@link Audit}. */
export interface AuditOptions {
  readonly log: Pick<ThreadRecords, 'record' | 'records' | 'setRecord'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** The audit log. Reads and writes fail with `LogUnavailableError` while the thread log cannot do them. */
export class Audit {
  private readonly options: AuditOptions;
  /** Number of the newest entry; null until it was looked for. */
  private last: number | null = null;

  constructor(options: AuditOptions) {
    this.options = options;
  }

  /** Adds an entry. Resolves once it is durable. */
  async note(action: AuditAction): Promise<void> {
    const { log } = this.options;
    const changes = this.records(action);
    await Promise.all(
      changes.map(({ thread, kind, id, text }) => log.setRecord(thread, kind, id, text))
    );
  }

  /** Returns the records of a new entry, to be stored in the commit of what it is about: there is both or neither. */
  records({ action, by, detail }: AuditAction): RecordChange[] {
    const seq = this.newest() + 1;
    this.last = seq;
    const head = { seq, at: this.options.clock.now(), action, by };
    const text = JSON.stringify({ ...head, detail });
    const kept = text.length > ENTRY_CHARS_MAX ? JSON.stringify({ ...head, detail: CUT }) : text;
    const added = { thread: RECORDS_OF, kind: AUDIT_KIND, id: idOf(seq), text: kept };
    const old = seq - AUDIT_MAX;
    return old > 0 ? [added, { ...added, id: idOf(old), text: null }] : [added];
  }

  /** Returns entries older than `before`, newest first, at most `limit`. */
  page(before: number, limit: number): { entries: AuditEntry[]; more: boolean } {
    const newest = this.newest();
    const oldest = Math.max(1, newest - AUDIT_MAX + 1);
    const entries: AuditEntry[] = [];
    let seq = Math.min(before - 1, newest);
    for (; seq >= oldest && entries.length < limit; seq--) {
      const id = idOf(seq);
      const text = orDamaged(() => this.options.log.record(RECORDS_OF, AUDIT_KIND, id), null);
      const entry = text === null ? null : read(text);
      if (entry !== null) entries.push(entry);
    }
    return { entries, more: seq >= oldest };
  }

  private newest(): number {
    if (this.last === null) {
      let last = 0;
      for (const { id } of this.options.log.records(RECORDS_OF, AUDIT_KIND)) last = Number(id);
      this.last = last;
    }
    return this.last;
  }
}

function idOf(seq: number): string {
  return String(seq).padStart(DIGITS, '0');
}

function read(text: string): AuditEntry | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  return isEntry(value) ? value : null;
}

function isEntry(value: unknown): value is AuditEntry {
  return (
    typeof value === 'object' &&
    value !== null &&
    'seq' in value &&
    typeof value.seq === 'number' &&
    'at' in value &&
    typeof value.at === 'number' &&
    'action' in value &&
    typeof value.action === 'string' &&
    'by' in value &&
    typeof value.by === 'object' &&
    'detail' in value &&
    typeof value.detail === 'object'
  );
}
