/**
 * Publishes and delivers messages. The callback of the append answers the author. The log's commits, whoever appended
 * them, are sent to the subscribers. A message that was published while nobody was subscribed here is judged.
 *
 * Order for a message of this process: ack, fan-out, outcome. The log calls the append's callback before it reports the
 * commit, and the ack is sent in that callback. Only the ack of an author's first held message in a thread waits: until the
 * mark is durable.
 */
import type { Clock } from '../clock.js';
import { judgeUnwatched, type DeliveryOutcome } from '../../machines/delivery/delivery-outcome.js';
import type { Bus } from '../bus/bus.js';
import type { Outcomes } from '../facts/outcomes.js';
import type { Steps } from '../facts/steps.js';
import { Listeners } from '../listeners.js';
import type { Commit, Commits } from '../log/commits.js';
import type { LogEntry, LogReader, ThreadHead } from '../log/log-reader.js';
import type { AppendResult, LogWriter, NewEntry } from '../log/log-writer.js';
import type { Logger } from '../log-line.js';
import type { Incidents } from '../monitor/incidents.js';
import { commitSpan, deliverSpan, deliveryFacts } from '../traces/message-spans.js';
import type { Traces } from '../traces/traces.js';
import type { ActiveThread } from './active-thread.js';
import type { ActiveThreads } from './active-threads.js';
import type { Audience } from './audience.js';
import type { DeliveryActors } from './delivery-actors.js';
import type { HeldMessages } from './held-messages.js';

/**
 * Most messages, and most characters of them, read at once when a thread sends what the log has and it has not sent.
 */
const RESYNC_PAGE = 128;
const RESYNC_PAGE_CHARS = 262_144;

/** Options of {@link Deliveries}. */
export interface DeliveriesOptions {
  readonly log: LogReader & LogWriter & { readonly commits: Commits };
  readonly audience: Audience;
  readonly bus: Bus;
  readonly logger: Logger;
  readonly incidents: Incidents;
  readonly clock: Pick<Clock, 'elapsed'>;
  /** Returns milliseconds, with fractions, of a clock that never goes back; it times deliveries. */
  readonly stopwatch: () => number;
  /** Records the ways of messages; null or absent: nothing is traced. */
  readonly traces?: Traces | null;
}

/** The parts of the thread registry that deliveries use. */
export interface DeliveryParts {
  readonly threads: ActiveThreads;
  readonly held: HeldMessages;
  readonly actors: DeliveryActors;
  readonly outcomes: Outcomes;
  readonly steps: Steps;
}

/** A stored message of this process, with its outcome. */
export interface SeenMessage {
  readonly thread: ActiveThread;
  readonly entry: NewEntry;
  readonly offset: number;
  readonly outcome: DeliveryOutcome;
}

/** Called with the outcome of a message that was published while nobody was subscribed. */
type Decided = (outcome: DeliveryOutcome, marked: Promise<void> | null) => void;

/** Publishes messages and delivers what is stored. */
export class Deliveries {
  /** Listeners for every message of this process, called once its outcome is known. */
  readonly seen: Listeners<SeenMessage>;
  private readonly options: DeliveriesOptions;
  private readonly parts: DeliveryParts;
  private readonly traces: Traces | null;
  private readonly stopListening: () => void;
  private appending = 0;
  /** Messages of which other nodes are asked whether the owner took them. */
  private asking = 0;
  private onSettled: () => void = () => undefined;

  constructor(options: DeliveriesOptions, parts: DeliveryParts) {
    this.options = options;
    this.parts = parts;
    this.traces = options.traces ?? null;
    this.seen = new Listeners((reason) => {
      options.incidents.note('a listener of messages failed', { actor: 'delivery', reason });
    });
    this.stopListening = options.log.commits.listen((commit) => {
      this.committed(commit);
    });
  }

  /** Appends a message and answers its author; see `Threads.publish`. */
  publish(
    thread: ActiveThread,
    entry: NewEntry,
    expectStored: boolean,
    done: (result: AppendResult) => void
  ): void {
    const { log, clock, stopwatch } = this.options;
    thread.pending++;
    this.appending++;
    const { traces } = this;
    const writing = traces === null ? null : commitSpan(traces, thread.id, entry);
    const receivedMs = stopwatch();
    log.append(thread.id, entry, (result) => {
      const appendedMs = stopwatch() - receivedMs;
      writing?.end(result.ok ? null : result.code);
      this.appending--;
      thread.usedAt = clock.elapsed();
      if (result.ok && !result.duplicate && thread.isWatched) {
        // It stays pending: the commit, which comes next, sends it and records its outcome.
        thread.answered.push({ entry, offset: result.offset, receivedMs, appendedMs });
        done(result);
      } else if (result.ok && !result.duplicate) {
        const giving = traces === null ? null : deliverSpan(traces, thread.id, entry);
        this.judge(thread, result, entry, expectStored, (outcome, marked) => {
          giving?.end(null, deliveryFacts(outcome, 0));
          thread.pending--;
          this.tell(thread, entry, result.offset, outcome, receivedMs, appendedMs);
          if (marked === null) done(result);
          else
            void marked.then(() => {
              this.ackLate(thread, entry, result, done);
            });
        });
      } else {
        thread.pending--;
        if (!result.ok) this.parts.outcomes.refused();
        done(result);
      }
      this.settle();
    });
  }

  /** Resolves when no append runs and no node is being asked; the log then has the marks of all that they left held. */
  async settled(): Promise<void> {
    if (this.appending + this.asking === 0) return;
    await new Promise<void>((resolve) => {
      this.onSettled = resolve;
    });
  }

  /** Sends what the log has and this thread has not sent; see `Threads.resync`. */
  resync(): void {
    for (const thread of this.parts.threads.all()) {
      this.giveUpTo(thread, this.headOf(thread)?.last ?? 0);
      this.tellGiven(thread);
    }
  }

  /** Stops listening to the log. */
  close(): void {
    this.stopListening();
  }

  /** Sends an entry to the subscribers here, once, and before it any entry that they lack. */
  private committed(commit: Commit): void {
    const thread = this.parts.threads.peek(commit.thread);
    const { offset } = commit;
    // A thread that is not in memory has no subscribers here.
    if (thread === null || offset <= thread.published) return;
    if (offset > thread.published + 1) this.giveUpTo(thread, offset - 1);
    thread.published = offset;
    if (thread.subscribers > 0) this.fanOut(thread, commit);
    this.tellGiven(thread);
  }

  private fanOut(thread: ActiveThread, commit: Commit): void {
    const { traces } = this;
    const giving = traces === null ? null : deliverSpan(traces, thread.id, commit.entry);
    this.options.audience.fanOut(thread, commit);
    giving?.end(null, deliveryFacts('delivered', thread.subscribers));
  }

  private giveUpTo(thread: ActiveThread, last: number): void {
    const { log, audience } = this.options;
    while (thread.published < last) {
      let page: LogEntry[];
      try {
        page = log.read(thread.id, thread.published, RESYNC_PAGE, RESYNC_PAGE_CHARS);
      } catch {
        // The log fails again: its own incident reports that, and the next resync tries again.
        return;
      }
      if (page.length === 0) return;
      for (const message of page) {
        if (message.offset > last) return;
        thread.published = message.offset;
        if (thread.subscribers > 0) audience.fanOut(thread, message);
      }
    }
  }

  /** Records the outcome of messages of this process that have been sent. */
  private tellGiven(thread: ActiveThread): void {
    let first = thread.answered[0];
    while (first !== undefined && first.offset <= thread.published) {
      const { entry, offset, receivedMs, appendedMs } = first;
      thread.answered.shift();
      thread.pending--;
      this.tell(thread, entry, offset, 'delivered', receivedMs, appendedMs);
      first = thread.answered[0];
    }
  }

  private tell(
    thread: ActiveThread,
    entry: NewEntry,
    offset: number,
    outcome: DeliveryOutcome,
    receivedMs: number,
    appendedMs: number
  ): void {
    const tookMs = this.options.stopwatch() - receivedMs;
    this.parts.outcomes.message(thread, offset, outcome, tookMs, appendedMs);
    if (!this.seen.isEmpty) this.seen.tell({ thread, entry, offset, outcome });
  }

  /** Sends the ack of an author's first held message, which waited until a restart would know of the held message. */
  private ackLate(
    thread: ActiveThread,
    entry: NewEntry,
    result: Extract<AppendResult, { ok: true }>,
    done: (result: AppendResult) => void
  ): void {
    done(result);
    this.parts.steps.acked(thread, result.offset, entry.user);
  }

  /**
   * Judges a message that was published while nobody was subscribed, and calls `decided` once: before it returns, unless
   * other nodes have to be asked. `marked` is set when the message is the first held one
   * of its author.
   */
  private judge(
    thread: ActiveThread,
    message: LogEntry,
    { user: author }: NewEntry,
    expectStored: boolean,
    decided: Decided
  ): void {
    const { bus, logger } = this.options;
    const owner = this.headOf(thread)?.owner ?? null;
    const reachableOwner =
      owner !== null && owner !== author && bus.isReachable(owner) ? owner : null;
    const outcome = judgeUnwatched({
      isTestThread: thread.isTestThread,
      expectStored,
      isOwnerConnected: reachableOwner !== null
    });
    if (outcome === 'skipped_test_thread' && logger.isDebug) {
      logger.debug(`Skipping message delivery for test thread: ${thread.id}`, {
        actor: 'delivery',
        thread: thread.id
      });
    }
    if (outcome === 'delivered_to_user' && reachableOwner !== null) {
      this.giveOwner(thread, reachableOwner, author, message, expectStored, decided);
    } else if (outcome === 'held') this.hold(thread, author, message.offset, expectStored, decided);
    else decided(outcome, null);
  }

  /** Sends a message to the owner's connections. They may refuse it after all; then nobody has it, and it is held. */
  private giveOwner(
    thread: ActiveThread,
    owner: string,
    author: string,
    message: LogEntry,
    expectStored: boolean,
    decided: Decided
  ): void {
    const { offset } = message;
    const question = { isAnswered: false, isLate: false };
    this.options.bus.fallback(owner, thread.id, message, (taken) => {
      question.isAnswered = true;
      if (question.isLate) this.asked(thread, offset);
      if (taken > 0) decided('delivered_to_user', null);
      // Whoever subscribed while other nodes were asked got it as replay.
      else if (question.isLate && thread.hasReader(author)) decided('delivered', null);
      else this.hold(thread, author, offset, expectStored, decided);
      if (question.isLate) this.settle();
    });
    if (question.isAnswered) return;
    question.isLate = true;
    this.asking++;
    (thread.asked ??= new Set()).add(offset);
  }

  private asked(thread: ActiveThread, offset: number): void {
    this.asking--;
    thread.asked?.delete(offset);
    if (thread.asked?.size === 0) thread.asked = null;
  }

  private hold(
    thread: ActiveThread,
    author: string,
    offset: number,
    expectStored: boolean,
    decided: Decided
  ): void {
    if (thread.held !== null) {
      const marked = this.parts.held.holdAlso(thread, thread.held, author, offset);
      decided(thread.held.state === 'undelivered' ? 'undelivered' : 'held', marked);
      return;
    }
    // Update the record first: if the actor crashes on the event, its replacement starts from the record.
    const { held, marked } = this.parts.held.hold(thread, author, offset);
    // The author may have come back while other nodes were asked: it takes nothing of its own.
    this.parts.actors.review(thread);
    this.parts.actors.tell(thread, {
      type: 'message.unwatched',
      expectStored,
      isOwnerConnected: false,
      graceMs: this.parts.held.rest(held)
    });
    decided('held', marked);
  }

  private settle(): void {
    if (this.appending + this.asking === 0) this.onSettled();
  }

  /** Returns the head of a thread; null also while the log cannot be read. */
  private headOf(thread: ActiveThread): ThreadHead | null {
    try {
      return this.options.log.head(thread.id);
    } catch {
      return null;
    }
  }
}
