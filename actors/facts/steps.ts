/**
 * What users and their connections did with messages, kept as facts for the analytics store: one fact for a span of
 * messages, so that none is told once for each message and subscriber. Nothing is told of test threads.
 */
import type { ActiveThread } from '../threads/active-thread.js';
import type { Clock } from '../clock.js';
import type { Fact, StepFact } from './fact.js';

/** Where the steps go. */
export interface StepsOptions {
  readonly record: (fact: Fact) => void;
  readonly clock: Pick<Clock, 'now'>;
}

/** A connection, as far as a step names it. */
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

/** Tells steps. */
export class Steps {
  private readonly options: StepsOptions;

  constructor(options: StepsOptions) {
    this.options = options;
  }

  /** How a new subscription that has something to read begins; null when there is nothing to read. */
  opened(cursor: number, last: number): ReaderBehind | null {
    if (cursor >= last) return null;
    return { why: 'replayed', from: cursor + 1, since: this.options.clock.now() };
  }

  /** The author of a message was answered, which had to wait for more than its entry. */
  acked(thread: ActiveThread, offset: number, user: string): void {
    this.tell(thread, 'acked', { id: '', user }, offset, offset);
  }

  /** A user's read mark has moved from `before` to `mark`. */
  read(thread: ActiveThread, reader: Reader, before: number, mark: number): void {
    this.tell(thread, 'read', reader, before + 1, mark);
  }

  /** A subscription that was behind has been given everything up to an offset. */
  given(
    thread: ActiveThread,
    reader: Reader,
    { why, from, since }: ReaderBehind,
    upTo: number
  ): void {
    this.tell(thread, why, reader, from, upTo, since);
  }

  /** A subscription that was behind has ended; it had been given everything up to `cursor`. */
  left(thread: ActiveThread, reader: Reader, behind: ReaderBehind, cursor: number): void {
    this.given(thread, reader, behind, cursor);
    const from = Math.max(behind.from, cursor + 1);
    this.tell(thread, 'left', reader, from, thread.published, behind.since);
  }

  private tell(
    { id: thread, epoch, isTestThread }: ActiveThread,
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
