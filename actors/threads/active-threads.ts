/** The threads in memory. Any use of a thread loads it; a thread that nobody has used for a while is dropped. */
import { isTestThread } from '../../machines/delivery/test-thread.js';
import type { Clock } from '../clock.js';
import type { LogReader } from '../log/log-reader.js';
import { ActiveThread } from './active-thread.js';
import type { DeliveryActors } from './delivery-actors.js';
import type { HeldMessages } from './held-messages.js';

/** How long a thread stays in memory after its last use, in milliseconds. */
export const PASSIVATE_AFTER_MS = 30_000;

/**
 * Most threads in memory, about 10 MB. Above it, each new one evicts an idle one, whatever its age; a thread that comes
 * back costs one read of the log, some 10 µs.
 */
export const ACTIVE_MAX = 16_384;

/** Options of {@link ActiveThreads}. */
export interface ActiveThreadsOptions {
  readonly log: Pick<LogReader, 'head' | 'ensure'>;
  readonly clock: Clock;
  readonly testThreadPrefixes: readonly string[];
  /** Called with a thread that comes into memory, before its delivery actor starts; for what other nodes have of it. */
  readonly onLoaded?: (thread: ActiveThread) => void;
}

/** The threads in memory, by id. */
export class ActiveThreads {
  private readonly options: ActiveThreadsOptions;
  private readonly held: HeldMessages;
  private readonly actors: DeliveryActors;
  private readonly active = new Map<string, ActiveThread>();

  constructor(options: ActiveThreadsOptions, held: HeldMessages, actors: DeliveryActors) {
    this.options = options;
    this.held = held;
    this.actors = actors;
  }

  /** Number of threads in memory. */
  get size(): number {
    return this.active.size;
  }

  /** Returns whether an id is that of a test thread, by the configured prefixes. */
  isTest(id: string): boolean {
    return isTestThread(id, this.options.testThreadPrefixes);
  }

  /** Returns a thread that is in memory; null when it is not. */
  peek(id: string): ActiveThread | null {
    return this.active.get(id) ?? null;
  }

  /** Returns all threads in memory. */
  all(): Iterable<ActiveThread> {
    return this.active.values();
  }

  /** Returns a thread; reads it from the log when it is not in memory. */
  get(id: string): ActiveThread {
    const { log, clock } = this.options;
    const now = clock.elapsed();
    const known = this.active.get(id);
    if (known !== undefined) {
      known.usedAt = now;
      return known;
    }
    const head = log.head(id) ?? log.ensure(id);
    const thread = new ActiveThread(id, this.isTest(id), head.epoch, head.last, now);
    // The prefixes may have changed since the mark was written: a test thread holds nothing.
    if (!thread.isTestThread) this.held.restore(thread);
    if (this.active.size >= ACTIVE_MAX) this.makeRoom();
    this.active.set(id, thread);
    this.options.onLoaded?.(thread);
    if (thread.held !== null) this.actors.spawn(thread);
    return thread;
  }

  /** Drops threads that nobody uses, and repeats failed writes of the others; called every few seconds. */
  sweep(): void {
    const before = this.options.clock.elapsed() - PASSIVATE_AFTER_MS;
    for (const thread of this.active.values()) {
      this.held.markAgain(thread);
      if (thread.actor === null && thread.held !== null) this.actors.spawn(thread);
      if (thread.usedAt > before) continue;
      if (thread.isPassive) this.drop(thread);
      else if (thread.held === null) this.actors.stop(thread);
    }
  }

  /** Forgets all threads; their actors and timers must have been stopped. */
  clear(): void {
    this.active.clear();
  }

  /** Checks the two threads that were not checked for longest, and drops those that are idle. */
  private makeRoom(): void {
    let looked = 0;
    for (const thread of this.active.values()) {
      if (looked++ === 2) return;
      if (thread.isPassive) {
        this.drop(thread);
      } else {
        // Move it to the end, so that the next call checks others.
        this.active.delete(thread.id);
        this.active.set(thread.id, thread);
      }
    }
  }

  private drop(thread: ActiveThread): void {
    this.actors.stop(thread);
    this.active.delete(thread.id);
  }
}
