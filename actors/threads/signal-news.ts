/** Sends typing and read marks to the subscribers of threads, with at most one timer per thread. */
import type { Bus } from '../bus/bus.js';
import type { Clock } from '../clock.js';
import type { ActiveThread } from './active-thread.js';
import { Signals, type Signal } from './signals.js';

/** Options of {@link SignalNews}. */
export interface SignalNewsOptions {
  readonly clock: Clock;
  readonly bus: Pick<Bus, 'tell'>;
}

/** The signals of all threads. A thread without recent signals has neither a timer nor a record. */
export class SignalNews {
  private readonly options: SignalNewsOptions;
  private isClosed = false;

  constructor(options: SignalNewsOptions) {
    this.options = options;
  }

  /** Sends a signal to the subscribers of its thread at once, or later the newest one of its type and person. */
  tell(thread: ActiveThread, signal: Signal): void {
    if (this.isClosed) return;
    const { clock, bus } = this.options;
    thread.signals ??= new Signals();
    if (thread.signals.note(signal, clock.elapsed(), thread.subscribers)) bus.tell(signal);
    this.schedule(thread);
  }

  /** Stops: no more frames are sent. */
  close(threads: Iterable<ActiveThread>): void {
    this.isClosed = true;
    for (const thread of threads) {
      if (thread.signalTimer !== null) this.options.clock.clearTimeout(thread.signalTimer);
      thread.signalTimer = null;
    }
  }

  private schedule(thread: ActiveThread): void {
    const { signals } = thread;
    if (signals === null || thread.signalTimer !== null) return;
    const { clock, bus } = this.options;
    const nextMs = signals.nextMs(clock.elapsed(), thread.subscribers);
    if (nextMs === null) {
      thread.signals = null;
      return;
    }
    thread.signalTimer = clock.setTimeout(() => {
      thread.signalTimer = null;
      const isHere = (user: string): boolean => thread.presence?.has(user) === true;
      const due = signals.take(clock.elapsed(), thread.subscribers, isHere);
      for (const signal of due) bus.tell(signal);
      this.schedule(thread);
    }, nextMs);
  }
}
