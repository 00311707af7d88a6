/** Does on this node what another one asks about a run. */
import type { RunChange } from '../../nodes/node-message.js';
import type { AgentRun } from '../agent-run.js';
import type { RunOutcome } from '../run-ports.js';

/** Changes a run, and calls `done` once with what has become of it. */
export function changeHere(
  run: AgentRun | undefined,
  change: RunChange,
  done: (outcome: RunOutcome) => void
): void {
  if (run === undefined || run.hasEnded()) {
    done('not_found');
    return;
  }
  switch (change.about) {
    case 'withdraw':
      if (run.record.state !== 'queued') {
        done('conflict');
        return;
      }
      run.cancel(change.by);
      done('done');
      return;
    case 'cancel':
      run.cancel(change.by);
      done('done');
      return;
    case 'answer':
      void run.answer(change.by, change.value, change.ask).then((refusal) => {
        done(refusal ?? 'done');
      });
  }
}
