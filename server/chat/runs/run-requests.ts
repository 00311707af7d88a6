/**
 * Requests of clients to agents: which message begins a run, and who may cancel, answer or withdraw a run. A user who
 * may write in the thread may do so with runs of the user's own messages; a user who may manage the thread, with all
 * runs.
 */
import type { RunPlan, RunRequest } from '../../../actors/agents/requests/run-plan.js';
import type { Runs } from '../../../actors/agents/runs.js';
import type { ThreadAgents } from '../../../actors/agents/thread-agents.js';
import type { WhileRunning } from '../../../protocol/agent-kinds.js';
import type { ServerFrame } from '../../../protocol/frames.js';
import { RIGHTS } from '../../../protocol/rights.js';
import type { CallerRights } from '../../access/guard.js';

/** Fields of a publish that matter to agents. */
export interface RunFields {
  readonly agent?: string | undefined;
  readonly whileRunning?: WhileRunning | undefined;
  readonly regenerates?: string | undefined;
  readonly edits?: string | undefined;
}

/** Kind of the messages that agents answer. */
const ANSWERED_KIND = 'user_message';

/** Code and reason of a refusal to change a run. */
export type RunDenial = 'not_found' | 'forbidden' | 'unavailable';

/** The requests. */
export class RunRequests {
  readonly runs: Runs;
  private readonly agents: ThreadAgents;

  constructor(runs: Runs, agents: ThreadAgents) {
    this.runs = runs;
    this.agents = agents;
  }

  /** Returns what a subscriber is told about a thread: its runs, and the agent that answers, if there is one. */
  told(thread: string): Pick<ServerFrame<'subscribed'>, 'runs' | 'agent'> {
    const name = this.agents.of(thread);
    // The agent may have been removed from the settings.
    const isThere = name !== null && this.runs.hasAgent(name);
    return { runs: this.runs.of(thread), ...(isThere ? { agent: name } : {}) };
  }

  /**
   * Whether a `mid` is kept for the entries of an open run of a thread: if a message had it, the run could not store the
   * entry.
   */
  keeps(thread: string, mid: string): boolean {
    const end = mid.indexOf(':');
    return end > 0 && this.runs.threadOf(mid.slice(0, end)) === thread;
  }

  /** Returns what a message will do to the runs of its thread; null for nothing. */
  plan(
    user: string,
    kind: string,
    request: RunFields & Pick<RunRequest, 'thread' | 'mid' | 'trace'>
  ): RunPlan | null {
    const { thread, agent: named } = request;
    if (named === undefined && (kind !== ANSWERED_KIND || !this.runs.hasAgents)) {
      return null;
    }
    const agent = named ?? this.agents.of(thread);
    if (agent === null) return null;
    // Read the log before planning: from the plan on, the run counts until the plan is settled.
    const naming = named === undefined ? [] : this.agents.naming(thread, named);
    const plan = this.runs.plan({ ...request, user, agent });
    if (named === undefined || !plan.ok || naming.length === 0) return plan;
    return {
      ...plan,
      records: [...plan.records, ...naming],
      settle: (frame) => {
        if (frame !== null) this.agents.noted(thread, user);
        plan.settle(frame);
      }
    };
  }

  /** Asks the application what a user may do in the run's thread; null when no answer has to be awaited. */
  question(rights: CallerRights, run: string): Promise<unknown> | null {
    const thread = this.runs.threadOf(run);
    if (thread === null) return null;
    const questions = RIGHTS.map((right) => rights.ask(right, thread)).filter(
      (question) => question !== null
    );
    return questions.length === 0 ? null : Promise.all(questions);
  }

  /**
   * Returns why a user may not change a run; null when the user may. A user who may not read the thread learns nothing,
   * not even that the run exists.
   */
  refusal(user: string, rights: CallerRights, run: string): RunDenial | null {
    const thread = this.runs.threadOf(run);
    const read = thread === null ? 'forbidden' : rights.refusal('read', thread);
    if (thread === null || read !== null) return read === 'unavailable' ? read : 'not_found';
    const own = this.runs.userOf(run) === user ? rights.refusal('write', thread) : 'forbidden';
    const all = own === null ? null : rights.refusal('manage', thread);
    if (all === null) return null;
    return own === 'unavailable' || all === 'unavailable' ? 'unavailable' : 'forbidden';
  }
}
