/** Names of the limits under which reached bounds of runs are counted. */
import type { RunBound } from '../../../actors/agents/run-ports.js';
import type { LimitName } from '../../limits/limit-table.js';

/** The limit of each bound. */
export const RUN_LIMITS: Readonly<Record<RunBound, LimitName>> = {
  queue: 'runs_thread',
  perUser: 'runs_user',
  runs: 'runs_server',
  runMs: 'run_time',
  answerChars: 'run_text',
  reply: 'run_reply',
  steps: 'run_steps'
};
