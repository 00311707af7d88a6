/**
 * Erases messages. Each stays at its offset with its mid, author and time; an entry of the thread tells the subscribers.
 * The analytics store is told by a record that is written in the same commit and stays until the store has done it.
 */
import type { Clock } from '../clock.js';
import type { AnalyticsFeed } from '../log/analytics-feed.js';
import type { LogReader } from '../log/log-reader.js';
import type { AppendResult, NewEntry, RecordChange } from '../log/log-writer.js';
import { ERASED_KIND, isErased, type ErasedNews } from '../../protocol/erased.js';
import { frameHeader, frameKind } from '../../protocol/message-frame.js';
import { staleRow } from './stale-rows.js';

/** Options of {@link Eraser}. */
export interface EraserOptions {
  readonly log: Pick<LogReader, 'read' | 'withMid'> & {
    readonly feed: Pick<AnalyticsFeed, 'storeId'>;
  };
  /** Stores an entry and delivers it to the subscribers of its thread. */
  readonly append: (thread: string, entry: NewEntry, done: (result: AppendResult) => void) => void;
  readonly clock: Pick<Clock, 'now'>;
  readonly newMid: () => string;
  /** Called with every erased message, so that what is kept of it elsewhere in this process goes too. */
  readonly onErased: (thread: string) => void;
}

/** Which message: by its offset or its mid. */
export type Named = { readonly offset: number } | { readonly mid: string };

/** What became of an erasure. `entry` is the offset of the entry that tells of it; null when the message was erased before. */
export type Erasure =
  | {
      readonly ok: true;
      readonly target: number;
      readonly mid: string;
      readonly entry: number | null;
    }
  | { readonly ok: false; readonly code: 'not_found' | 'unavailable'; readonly reason: string };

const NO_MESSAGE: Erasure = {
  ok: false,
  code: 'not_found',
  reason: 'the thread has no such message'
};

/** Erases messages of all threads. Reads throw `LogUnavailableError` while the log cannot be read. */
export class Eraser {
  private readonly options: EraserOptions;

  constructor(options: EraserOptions) {
    this.options = options;
  }

  /**
   * Erases a message. `by` is the user who does it; null: somebody else, and then the entry has the author's name.
   * `also` makes records that are stored in the same commit, such as an entry of the audit log.
   */
  async erase(
    thread: string,
    named: Named,
    by: string | null,
    also: (news: ErasedNews) => readonly RecordChange[] = () => []
  ): Promise<Erasure> {
    const { log, append, clock, newMid, onErased } = this.options;
    const found = this.find(thread, named);
    const header = found === null ? null : frameHeader(found.frame);
    if (found === null || header === null) return NO_MESSAGE;
    const { offset: target, frame } = found;
    const { mid, user } = header;
    if (frameKind(frame) === ERASED_KIND) return NO_MESSAGE;
    if (isErased(frame)) return { ok: true, target, mid, entry: null };
    const news: ErasedNews = { target, mid };
    const entry: NewEntry = {
      mid: newMid(),
      user: by ?? user,
      kind: ERASED_KIND,
      bodyJson: JSON.stringify(news),
      at: clock.now(),
      owner: null,
      erases: target,
      records: [
        ...(log.feed.storeId() === null ? [] : [staleRow({ thread, mid, offset: target })]),
        ...also(news)
      ]
    };
    const result = await new Promise<AppendResult>((resolve) => {
      append(thread, entry, resolve);
    });
    if (!result.ok) return { ok: false, code: 'unavailable', reason: result.reason };
    onErased(thread);
    return { ok: true, target, mid, entry: result.offset };
  }

  private find(thread: string, named: Named): { offset: number; frame: string } | null {
    const { log } = this.options;
    if ('mid' in named) return log.withMid(named.mid, 1, thread)[0] ?? null;
    const [entry] = log.read(thread, named.offset - 1, 1, Infinity);
    return entry?.offset === named.offset ? entry : null;
  }
}
