/** Which thread ids a request may name: the same at every door. */
import type { ErrorCode } from '../../protocol/errors.js';
import { isThreadId } from '../../protocol/frames.js';

/** What the rules need to know. */
export interface ThreadRulesOptions {
  /** Says whether an id is that of a test thread, by the configured prefixes. */
  readonly isTest: (thread: string) => boolean;
  /** Whether test threads are reserved for probes (`RESERVED_THREADS=refuse`). */
  readonly refusesTestThreads: boolean;
}

/** Why a thread may not be named. */
export type ThreadRefusal = Extract<ErrorCode, 'bad_thread' | 'reserved_thread'>;

/** The rules on thread ids. */
export class ThreadRules {
  private readonly options: ThreadRulesOptions;

  constructor(options: ThreadRulesOptions) {
    this.options = options;
  }

  /** Why a request may not name this thread; null when it may. Probes may use reserved test threads. */
  refusal(thread: string, isProbe: boolean): ThreadRefusal | null {
    if (!isThreadId(thread)) return 'bad_thread';
    const { isTest, refusesTestThreads } = this.options;
    return refusesTestThreads && !isProbe && isTest(thread) ? 'reserved_thread' : null;
  }
}
