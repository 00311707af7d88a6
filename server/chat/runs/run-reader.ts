/**
 * Reads the runs of a thread: their entries from the log, and the text so far of those at work. It keeps a cursor and one
 * position per run and no events, so a reader that is slow costs nothing: what it has not read yet is joined.
 */
import { readPast } from '../../../actors/log/read-past.js';
import type { LogEntry, LogReader } from '../../../actors/log/log-reader.js';
import { ownEntry } from '../../../actors/agents/history/own-entry.js';
import type { Runs, ToldRun } from '../../../actors/agents/runs.js';
import { AGENT_KINDS, endsRun, type AgentKind } from '../../../protocol/agent-kinds.js';
import type { MessageFrame } from '../../../protocol/frames.js';
import { parseMessageFrame } from '../../../protocol/message-frame.js';

/** Entries of the thread that are read at a time, and their characters. */
const PAGE_ENTRIES = 64;
const PAGE_CHARS = 262_144;

/** The body of a run's entry; its other fields depend on the kind, see docs/protocol.md. */
export interface RunEntryBody {
  readonly run: string;
  readonly [field: string]: unknown;
}

/**
 * What happens to a run. An `entry` is stored, and comes once. A `text` is a piece of the answer: its place is `at`, in
 * UTF-16 units. With `at` 0 it takes the place of all earlier text of the run, which another attempt has superseded. The
 * pieces of the last attempt, joined, are the `text` of the end, and come before it.
 */
export type RunEvent =
  | {
      readonly type: 'entry';
      readonly run: string;
      readonly kind: AgentKind;
      readonly offset: number;
      /** Unix milliseconds. */
      readonly at: number;
      /** Whose entry it is: `agent:` and the agent's name. */
      readonly from: string;
      readonly body: RunEntryBody;
    }
  | {
      readonly type: 'text';
      readonly run: string;
      readonly attempt: number;
      readonly at: number;
      readonly text: string;
    };

/** An event that is an entry. */
export type RunEntry = Extract<RunEvent, { type: 'entry' }>;

/** What happens in a thread: to its runs, and what others than agents write. */
export type ThreadEvent = RunEvent | OtherEntry;

/** An entry that is not one of a run. */
export interface OtherEntry {
  readonly type: 'message';
  readonly offset: number;
  readonly message: MessageFrame;
}

/** What a reader uses. */
export interface RunReaderPorts {
  readonly log: Pick<LogReader, 'head' | 'read' | 'withMid'>;
  readonly runs: Pick<Runs, 'of'>;
}

/** Where to begin: after an offset, or where the oldest open run of the thread, or a run, begins. */
export type RunsSince = { readonly after: number } | 'open' | { readonly run: string };

/** How far the text of a run has been read. */
interface TextRead {
  readonly attempt: number;
  readonly at: number;
}

/** Reads the runs of one thread. */
export class RunReader {
  private readonly ports: RunReaderPorts;
  private readonly thread: string;
  private readonly only: string | null;
  private cursor: number;
  /** The runs that have begun and whose end has not been read. */
  private readonly read = new Map<string, TextRead>();
  private page: (RunEntry | OtherEntry)[] = [];

  /**
   * With `only` it reads that run alone.
   * @throws {LogUnavailableError} or `LogCorruptError` when the thread cannot be read
   */
  constructor(ports: RunReaderPorts, thread: string, since: RunsSince, only: string | null = null) {
    this.ports = ports;
    this.thread = thread;
    this.only = only;
    this.cursor = startOf(ports, thread, since);
  }

  /** Offset of the newest entry that was read. */
  get offset(): number {
    return this.page[0] === undefined ? this.cursor : this.page[0].offset - 1;
  }

  /**
   * Returns the next event of a run; null when nothing new has happened.
   * @throws {LogUnavailableError} while the log cannot be read
   */
  next(): RunEvent | null {
    for (;;) {
      const event = this.nextOfThread();
      if (event?.type !== 'message') return event;
    }
  }

  /** Returns the next event, as {@link next} does, also when it is not one of a run; with `only` there are none of these. */
  nextOfThread(): ThreadEvent | null {
    this.fill();
    const [entry] = this.page;
    if (entry === undefined) return this.nextText();
    if (entry.type === 'message') {
      this.page.shift();
      return entry;
    }
    const rest = this.restBefore(entry);
    if (rest !== null) return rest;
    this.page.shift();
    if (endsRun(entry.kind)) this.read.delete(entry.run);
    else if (entry.kind === 'agent_started') this.begun(entry.run);
    return entry;
  }

  /** Reads the next entries of runs, unless there are some already. */
  private fill(): void {
    const { log } = this.ports;
    const last = log.head(this.thread)?.last ?? 0;
    while (this.page.length === 0 && this.cursor < last) {
      const place = { after: this.cursor, last };
      const past = readPast(log, this.thread, place, PAGE_ENTRIES, PAGE_CHARS);
      this.page = past.entries.flatMap((entry) => this.entryOf(entry) ?? []);
      this.cursor = past.entries.at(-1)?.offset ?? past.damaged?.to ?? last;
    }
  }

  private entryOf({ frame }: LogEntry): RunEntry | OtherEntry | null {
    const message = parseMessageFrame(frame);
    if (message === null) return null;
    const entry = runEntryOf(message);
    if (this.only !== null) return entry?.run === this.only ? entry : null;
    return entry ?? { type: 'message', offset: message.offset, message };
  }

  /** Returns the text that belongs before an entry and was not read yet; null when there is none. */
  private restBefore(entry: RunEntry): RunEvent | null {
    if (endsRun(entry.kind)) return this.restOf(entry);
    if (entry.kind !== 'agent_waiting') return null;
    // At an open question readers may stop, so what was said before it comes first.
    const { run, body } = entry;
    const told = this.ports.runs.of(this.thread).find((open) => open.run === run);
    return told?.ask?.ask === body['ask'] && told !== undefined ? this.piece(told) : null;
  }

  /** Returns the text of an end that was not read yet; null when there is none. */
  private restOf({ run, body }: RunEntry): RunEvent | null {
    const text = typeof body['text'] === 'string' ? body['text'] : '';
    const attempt = typeof body['attempt'] === 'number' ? body['attempt'] : 1;
    return this.piece({ run, text, attempt });
  }

  /** Returns text of a run at work that was not read yet; null when there is none. */
  private nextText(): RunEvent | null {
    for (const told of this.ports.runs.of(this.thread)) {
      if (this.only !== null && told.run !== this.only) continue;
      if (told.state === 'queued' || !this.hasBegun(told)) continue;
      // Between two attempts the text is empty and the attempt is still the one before: nothing is superseded yet.
      const read = this.read.get(told.run);
      if (read?.attempt === told.attempt && told.text.length <= read.at) continue;
      const piece = this.piece(told);
      if (piece !== null) return piece;
    }
    return null;
  }

  /** Returns what of a text is new, and notes that it is read. */
  private piece({
    run,
    text,
    attempt
  }: Pick<ToldRun, 'run' | 'text' | 'attempt'>): RunEvent | null {
    const read = this.read.get(run) ?? { attempt, at: 0 };
    const goesOn = read.attempt === attempt && read.at <= text.length;
    const at = goesOn ? read.at : 0;
    this.read.set(run, { attempt, at: text.length });
    // A new attempt without a text takes the place of the old one, too.
    const isNew = at < text.length || (!goesOn && read.at > 0);
    return isNew ? { type: 'text', run, attempt, at, text: text.slice(at) } : null;
  }

  private begun(run: string): void {
    if (!this.read.has(run)) this.read.set(run, { attempt: 1, at: 0 });
  }

  /** Whether the entry of a run's beginning was read, or was before all that is read. */
  private hasBegun({ run }: ToldRun): boolean {
    if (this.read.has(run)) return true;
    const start = ownEntry(this.ports.log, this.thread, run, 'start');
    if (start === null || start.offset > this.cursor) return false;
    this.begun(run);
    return true;
  }
}

/** Returns the offset after which to read. */
function startOf({ log, runs }: RunReaderPorts, thread: string, since: RunsSince): number {
  const last = log.head(thread)?.last ?? 0;
  if (typeof since === 'object' && 'after' in since) return Math.min(since.after, last);
  const wanted = since === 'open' ? runs.of(thread).map(({ run }) => run) : [since.run];
  const first = wanted.flatMap((run) => firstOf(log, thread, run) ?? []);
  return Math.min(last, ...first.map((offset) => offset - 1));
}

/** Returns the offset of the first entry of a run; null when it has none yet. */
function firstOf(log: Pick<LogReader, 'withMid'>, thread: string, run: string): number | null {
  const names = ['queued', 'start', 'end'];
  const found = names.flatMap((name) => ownEntry(log, thread, run, name) ?? []);
  return found.length === 0 ? null : Math.min(...found.map(({ offset }) => offset));
}

/** Returns the entry of a run that a message of the log is; null when it is none. */
export function runEntryOf({ kind: name, body, offset, at, from }: MessageFrame): RunEntry | null {
  const kind = AGENT_KINDS.find((known) => known === name);
  if (kind === undefined || !isRunBody(body)) return null;
  return { type: 'entry', run: body.run, kind, offset, at, from: from.user, body };
}

function isRunBody(body: unknown): body is RunEntryBody {
  return typeof body === 'object' && body !== null && 'run' in body && typeof body.run === 'string';
}
