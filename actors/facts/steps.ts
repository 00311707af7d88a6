/**
 * Records what users and their connections did with messages, as facts for the analytics store: one fact per span of
 * messages, not one per message and subscriber. Test threads are not recorded.
 */
import type { Clock } from '../clock.js';
import type { Fact, StepFact } from './fact.js';
import type { FactThread } from './fact-thread.js';

/** Options of {@link Steps}. */
export interface StepsOptions {
  readonly record: (fact: Fact) => void;
  readonly clock: Pick<Clock, 'now'>;
}

/** The fields of a connection that a step names. */
export interface Reader {
  /** Id of the connection. */
  readonly id: string;
  readonly user: string | null;
}

/** A subscription that is behind: why, from which offset on, and since when (Unix milliseconds). */
export interface ReaderBehind {
  readonly why: 'replayed' | 'lagged';
  readonly from: number;
  readonly since: number;
}

/** Records steps. */
export class Steps {
  private readonly options: StepsOptions;

  constructor(options: StepsOptions) {
    this.options = options;
  }

  /** Returns the lag of a new subscription that has messages to read from the log; null when it has none. */
  opened(cursor: number, last: number): ReaderBehind | null {
    if (cursor >= last) return null;
    return { why: 'replayed', from: cursor + 1, since: this.options.clock.now() };
  }

  /** Records that an author got the ack later than the entry was durable. */
  acked(thread: FactThread, offset: number, user: string): void {
    this.tell(thread, 'acked', { id: '', user }, offset, offset);
  }

  /** Records that a user's read mark moved from `before` to `mark`. */
  read(thread: FactThread, reader: Reader, before: number, mark: number): void {
    this.tell(thread, 'read', reader, before + 1, mark);
  }

  /** Records that a subscription that was behind now has everything up to an offset. */
  given(
    thread: FactThread,
    reader: Reader,
    { why, from, since }: ReaderBehind,
    upTo: number
  ): void {
    this.tell(thread, why, reader, from, upTo, since);
  }

  /** Records that a subscription that was behind has ended; it had everything up to `cursor`. */
  left(thread: FactThread, reader: Reader, behind: ReaderBehind, cursor: number): void {
    this.given(thread, reader, behind, cursor);
    const from = Math.max(behind.from, cursor + 1);
    this.tell(thread, 'left', reader, from, thread.published, behind.since);
  }

  private tell(
    { id: thread, epoch, isTestThread }: FactThread,
    step: StepFact['step'],
    { id: connection, user }: Reader,
    from: number,
    upTo: number,
    since?: number
  ): void {
    if (isTestThread || from > upTo) return;
    const at = this.options.clock.now();
    this.options.record({
      kind: 'step',
      step,
      thread,
      epoch,
      user: user ?? '',
      connection,
      from,
      upTo,
      since: since ?? at,
      at
    });
  }
}
