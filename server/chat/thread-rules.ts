/** Which thread ids a request may name, over WebSocket and HTTP alike. */
import type { ErrorCode } from '../../protocol/errors.js';
import { isThreadId } from '../../protocol/frames.js';

/** Options of {@link ThreadRules}. */
export interface ThreadRulesOptions {
  /** Returns whether an id is that of a test thread, by the configured prefixes. */
  readonly isTest: (thread: string) => boolean;
  /** Whether test threads are reserved for probes (`RESERVED_THREADS=refuse`). */
  readonly refusesTestThreads: boolean;
}

/** Why a request may not name a thread. */
export type ThreadRefusal = Extract<ErrorCode, 'bad_thread' | 'reserved_thread'>;

/** The rules on thread ids. */
export class ThreadRules {
  private readonly options: ThreadRulesOptions;

  constructor(options: ThreadRulesOptions) {
    this.options = options;
  }

  /** Returns why a request may not name this thread; null when it may. Probes may use reserved test threads. */
  refusal(thread: string, isProbe: boolean): ThreadRefusal | null {
    if (!isThreadId(thread)) return 'bad_thread';
    const { isTest, refusesTestThreads } = this.options;
    return refusesTestThreads && !isProbe && isTest(thread) ? 'reserved_thread' : null;
  }
}
