/** Tells the watch of the event loop which agent's code runs now: an agent that never returns is then named. */

/** Where the calls of agents are marked. Each agent event has a mark, so both methods must be cheap. */
export interface LoopMarks {
  /** Notes that code of an agent is about to run; `run` is what {@link markOf} returns. */
  enter(run: string): void;
  /** Notes that it has returned. */
  leave(): void;
  /** Notes which agents have runs that have begun and not ended; called when that changes. */
  open(agents: readonly string[]): void;
}

/** The run whose agent was called. */
export interface MarkedRun {
  readonly agent: string;
  readonly thread: string;
  readonly run: string;
}

/** Marks nothing: no code of an operator can run. */
export const NO_MARKS: LoopMarks = {
  enter: () => undefined,
  leave: () => undefined,
  open: () => undefined
};

/** Returns the text that names a run; make it once for each run. */
export function markOf({ agent, thread, run }: MarkedRun): string {
  return JSON.stringify({ agent, thread, run });
}
