/** Decides which agent answers in a thread: by a record of the thread, or in development by the thread's id. */
import type { ServerFrame } from '../../protocol/frames.js';
import { LogUnavailableError } from '../log/log-errors.js';
import type { RecordChange } from '../log/log-writer.js';
import type { ThreadRecords } from '../log/thread-records.js';

const AGENT_KIND = 'agent';
const ID = 'answers';

/** Text of the record when no agent may answer; it cannot be the name of an agent. */
const NOBODY = '';

/** Most threads whose record is cached; beyond it the cache is emptied. */
const CACHED_MAX = 10_000;

/** In development, the agent `echo` answers in threads whose id begins with this, so that a newcomer sees a run. */
const TRIAL_PREFIX = 'agent';

/** Options of {@link ThreadAgents}. */
export interface ThreadAgentsOptions {
  readonly log: Pick<ThreadRecords, 'record' | 'setRecord'>;
  /** Whether `echo` answers in threads named `agent…` that have no record. */
  readonly hasTrial: boolean;
  /** Tells the subscribers of a thread which agent answers now. */
  readonly tell: (frame: ServerFrame<'agent'>) => void;
}

/** The agents of threads. */
export class ThreadAgents {
  private readonly options: ThreadAgentsOptions;
  private readonly cached = new Map<string, string | null>();

  constructor(options: ThreadAgentsOptions) {
    this.options = options;
  }

  /** Returns the name of the agent that answers; null when none does. */
  of(thread: string): string | null {
    const known = this.cached.get(thread);
    if (known !== undefined) return known;
    const isTrial = this.options.hasTrial && thread.startsWith(TRIAL_PREFIX);
    const stored = this.options.log.record(thread, AGENT_KIND, ID);
    const name = stored === NOBODY ? null : (stored ?? (isTrial ? 'echo' : null));
    if (this.cached.size >= CACHED_MAX) this.cached.clear();
    this.cached.set(thread, name);
    return name;
  }

  /** Returns the changes that let an agent answer in a thread; empty when it already does. */
  naming(thread: string, name: string): RecordChange[] {
    return this.of(thread) === name ? [] : [{ thread, kind: AGENT_KIND, id: ID, text: name }];
  }

  /** Notes that a change is stored, and tells of it. The log says what it is: changes may be noted in another order. */
  noted(thread: string, by: string | null): void {
    const before = this.cached.get(thread);
    this.cached.delete(thread);
    try {
      const agent = this.of(thread);
      if (agent !== before) this.options.tell({ type: 'agent', thread, agent, by });
    } catch (error) {
      // Subscribers learn it when they subscribe again.
      if (!(error instanceof LogUnavailableError)) throw error;
    }
  }

  /** Lets an agent answer in a thread. With null no agent answers, not even `echo`. */
  async set(thread: string, name: string | null, by: string | null): Promise<void> {
    // So that it is known what changes.
    this.of(thread);
    await this.options.log.setRecord(thread, AGENT_KIND, ID, name ?? NOBODY);
    this.noted(thread, by);
  }
}
