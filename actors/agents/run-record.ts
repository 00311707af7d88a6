/**
 * What the log stores about a run that has not ended: enough to begin it, to wait for an answer, or to end it after a
 * restart. The record changes in the same commits as the run's entries, and is removed with the entry of its end.
 */
import type { RecordChange } from '../log/log-writer.js';
import type { ThreadRecords } from '../log/thread-records.js';
import { reasonOf } from '../../machines/reason.js';

/** Key under which the records of all runs are stored, so that a start finds them. It is not a thread's id. */
const RECORDS_OF = 'rollcall:runs';

const RUN_KIND = 'run';
const TEXT_KIND = 'run_text';

/** Characters of one piece of a checkpoint: fewer than the most that a record may have. */
export const PIECE_CHARS = 12_000;

/** An answer that was given. */
export interface GivenAnswer {
  readonly ask: string;
  /** Null: nobody answered in time. */
  readonly by: string | null;
  /** Any JSON value. */
  readonly value: unknown;
}

/** A question that is open. */
export interface OpenAsk {
  readonly ask: string;
  readonly prompt: string;
  readonly schema: object | null;
  /** Unix milliseconds. */
  readonly expiresAt: number;
}

/** A run that has not ended. */
export interface RunRecord {
  readonly run: string;
  readonly thread: string;
  readonly agent: string;
  /** `mid` of the message to answer. */
  readonly mid: string;
  readonly user: string;
  /** When the message came, Unix milliseconds: runs of a thread begin in this order. */
  readonly at: number;
  readonly state: 'queued' | 'running' | 'waiting';
  /** The open question; null while there is none. */
  readonly ask: OpenAsk | null;
  readonly answers: readonly GivenAnswer[];
  /** `mid` of the message whose earlier answer this run replaces. */
  readonly regenerates: string | null;
  /** `mid` of the message that this run's message replaces. */
  readonly edits: string | null;
  /** Id of the node whose run it is; absent on a single node. */
  readonly node?: string;
  /** `traceparent` of the publish of the message; absent when it is not recorded. */
  readonly trace?: string;
}

/** A run that has not ended; `attempts` is 0 before the agent is called. */
export interface OpenRun extends Pick<RunRecord, 'run' | 'agent' | 'state'> {
  readonly attempts: number;
}

/** Returns what the entries of a run's beginning say about the message that it replaces; nothing when it replaces none. */
export function replacedBy({
  regenerates,
  edits
}: Pick<RunRecord, 'regenerates' | 'edits'>): Record<string, string> {
  return {
    ...(regenerates === null ? {} : { regenerates }),
    ...(edits === null ? {} : { edits })
  };
}

/** Returns the change that stores a run. */
export function storing(record: RunRecord): RecordChange {
  return { thread: RECORDS_OF, kind: RUN_KIND, id: record.run, text: JSON.stringify(record) };
}

/** Returns the changes that remove a run and this many pieces of its text. */
export function removing(run: string, pieces: number): RecordChange[] {
  const texts = Array.from({ length: pieces }, (_, n) => ({
    thread: RECORDS_OF,
    kind: TEXT_KIND,
    id: pieceId(run, n),
    text: null
  }));
  return [{ thread: RECORDS_OF, kind: RUN_KIND, id: run, text: null }, ...texts];
}

function pieceId(run: string, n: number): string {
  return `${run}:${String(n).padStart(6, '0')}`;
}

/** A run whose text is stored. */
export type TextOf = Pick<RunRecord, 'run' | 'thread'>;

/** Stores one more piece of a run's text. All changes of a run are ordered with the entries of its thread. */
export function storePiece(
  log: Pick<ThreadRecords, 'setRecord'>,
  { run, thread }: TextOf,
  n: number,
  text: string
): Promise<void> {
  return log.setRecord(RECORDS_OF, TEXT_KIND, pieceId(run, n), text, thread);
}

/** Removes the pieces of a run's text, from the last to the first: if it fails, what is left is a beginning. */
export async function removePieces(
  log: Pick<ThreadRecords, 'setRecord'>,
  { run, thread }: TextOf,
  pieces: number
): Promise<void> {
  for (let n = pieces - 1; n >= 0; n--) {
    await log.setRecord(RECORDS_OF, TEXT_KIND, pieceId(run, n), null, thread);
  }
}

/** Stores a run besides its entries. */
export async function storeRun(
  log: Pick<ThreadRecords, 'setRecord'>,
  record: RunRecord
): Promise<void> {
  const { thread, kind, id, text } = storing(record);
  await log.setRecord(thread, kind, id, text, record.thread);
}

/** Returns the record of a run that has not ended; null when there is none that can be read. */
export function storedRun(log: Pick<ThreadRecords, 'record'>, run: string): RunRecord | null {
  return recordIn(log.record(RECORDS_OF, RUN_KIND, run));
}

/** Returns the records of the runs that have not ended, lazily, without those that cannot be read. */
export function* storedRuns(log: Pick<ThreadRecords, 'records'>): Iterable<RunRecord> {
  for (const { text } of log.records(RECORDS_OF, RUN_KIND)) {
    const record = recordIn(text);
    if (record !== null) yield record;
  }
}

function recordIn(text: string | null): RunRecord | null {
  try {
    const record: unknown = text === null ? null : JSON.parse(text);
    return isRunRecord(record) ? record : null;
  } catch {
    return null;
  }
}

/** A run found at the start, with its text so far. */
export interface FoundRun {
  readonly record: RunRecord;
  /** The text up to the first missing piece. */
  readonly text: string;
  /** One more than the number of the last piece. */
  readonly pieces: number;
}

interface FoundText {
  readonly text: string;
  /** Number of pieces before the first missing one. */
  readonly whole: number;
  readonly pieces: number;
}

/** Reads all runs that have not ended, oldest first. A run that cannot be read is reported and skipped. */
export function readRuns(
  log: Pick<ThreadRecords, 'records'>,
  onFault: (reason: string) => void
): FoundRun[] {
  const texts = new Map<string, FoundText>();
  // Records come in the order of their ids, so the pieces are in the order of their numbers.
  for (const { id, text } of log.records(RECORDS_OF, TEXT_KIND)) {
    const end = id.lastIndexOf(':');
    const run = id.slice(0, end);
    const n = Number(id.slice(end + 1));
    const found = texts.get(run) ?? { text: '', whole: 0, pieces: 0 };
    const fits = n === found.whole;
    texts.set(run, {
      text: fits ? found.text + text : found.text,
      whole: fits ? n + 1 : found.whole,
      pieces: n + 1
    });
  }
  const found: FoundRun[] = [];
  for (const { id, text } of log.records(RECORDS_OF, RUN_KIND)) {
    try {
      const record: unknown = JSON.parse(text);
      if (!isRunRecord(record)) throw new Error('it is not the record of a run');
      const { text: kept, pieces } = texts.get(id) ?? { text: '', pieces: 0 };
      found.push({ record, text: kept, pieces });
    } catch (error) {
      onFault(`the record of run ${id} cannot be read: ${reasonOf(error)}`);
    }
  }
  return found.sort((one, other) => one.record.at - other.record.at);
}

function isRunRecord(value: unknown): value is RunRecord {
  if (typeof value !== 'object' || value === null) return false;
  const has = (name: string): boolean =>
    name in value && typeof Reflect.get(value, name) === 'string';
  const isText = ['run', 'thread', 'agent', 'mid', 'user', 'state'].every(has);
  return isText && 'answers' in value && Array.isArray(value.answers) && 'ask' in value;
}
