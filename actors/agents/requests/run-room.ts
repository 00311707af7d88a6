/** Counts the runs of a node that have not ended, and says whether there is room for one more. */
import type { RunPorts } from '../run-ports.js';

/** Bounds of all runs together. */
export interface RunsLimits {
  /** Most runs of a node that have not ended. */
  readonly runs: number;
  /** Most runs of a user that have not ended. */
  readonly perUser: number;
  /** Most waiting runs of a thread, and most unread messages of a run at work. */
  readonly queue: number;
}

/** Options of {@link RunRoom}. */
export interface RunRoomOptions extends Pick<RunPorts, 'onBound'> {
  readonly bounds: RunsLimits;
}

/** The room for runs. A run counts from its plan on, also while its message is being stored. */
export class RunRoom {
  private readonly options: RunRoomOptions;
  private readonly ofUser = new Map<string, number>();
  private open = 0;

  constructor(options: RunRoomOptions) {
    this.options = options;
  }

  /** Returns why no further run of a user may begin in a thread where so many wait; null when one may. */
  refusal(user: string, waiting: number): string | null {
    const { bounds, onBound } = this.options;
    const { runs, perUser, queue } = bounds;
    if (waiting >= queue) {
      onBound('queue');
      return `${String(queue)} runs of the thread wait, as many as may`;
    }
    if ((this.ofUser.get(user) ?? 0) >= perUser) {
      onBound('perUser');
      return `${String(perUser)} runs of the user have not ended, as many as may be`;
    }
    if (this.open < runs) return null;
    onBound('runs');
    return `the server has ${String(runs)} runs, as many as it may`;
  }

  /** Counts a run of a user. */
  take(user: string): void {
    this.open++;
    this.ofUser.set(user, (this.ofUser.get(user) ?? 0) + 1);
  }

  /** Counts a run no more: it has ended, or was not begun. */
  give(user: string): void {
    this.open--;
    const left = (this.ofUser.get(user) ?? 0) - 1;
    if (left === 0) this.ofUser.delete(user);
    else this.ofUser.set(user, left);
  }
}
