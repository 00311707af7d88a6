/** Which run a resumed stream follows, and where it begins. */
import type { MessageFrame, Run } from '../sdk/client.js';
import { isOpen, runOf } from '../sdk/thread/runs/run.js';

/** The run that is at work in a thread, or the next one of the queue; null when there is none. */
export function openRun(runs: readonly Run[]): Run | null {
  const open = runs.filter(isOpen);
  return open.find(({ state }) => state !== 'queued') ?? open[0] ?? null;
}

/** Whether a message is the first entry of a run: nothing before it matters. */
export function isStartOf(run: string): (message: MessageFrame) => boolean {
  return (message) => message.kind === 'agent_started' && runOf(message) === run;
}

/** Resolves as the work does, or with null as soon as the signal is aborted. */
export function beforeAbort<T>(
  work: Promise<T | null>,
  signal: AbortSignal | undefined
): Promise<T | null> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const aborted = (): void => {
      resolve(null);
    };
    if (signal.aborted) aborted();
    signal.addEventListener('abort', aborted);
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', aborted);
    });
  });
}
