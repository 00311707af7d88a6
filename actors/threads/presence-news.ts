/** Gathers who joins and leaves a thread for a moment, so that its subscribers get one frame. */
import type { ServerFrame } from '../../protocol/frames.js';
import type { Bus } from '../bus/bus.js';
import type { Clock } from '../clock.js';
import type { ActiveThread } from './active-thread.js';
import { Presence, type PresenceChange } from './presence.js';
import { CROWD_ABOVE, CROWD_INTERVAL_MS } from './signals.js';

/** How long joins and leaves are gathered before one frame is sent, in milliseconds. */
export const PRESENCE_GATHER_MS = 50;

/** Options of {@link PresenceNews}. */
export interface PresenceNewsOptions {
  readonly clock: Clock;
  /** Only the subscribers of this node are told: every node knows who comes and goes, and tells its own. */
  readonly bus: Pick<Bus, 'tellHere'>;
}

/** Presence of all threads in memory, and the frames about it. */
export class PresenceNews {
  private readonly options: PresenceNewsOptions;
  private isClosed = false;

  constructor(options: PresenceNewsOptions) {
    this.options = options;
  }

  /** Adds a subscription of a user. */
  enter(thread: ActiveThread, user: string): void {
    thread.presence ??= new Presence();
    if (thread.presence.enter(user)) this.due(thread);
  }

  /** Removes a subscription of a user; after the last one the user is no longer present. */
  leave(thread: ActiveThread, user: string): void {
    if (thread.presence?.leave(user) === true) this.due(thread);
  }

  /** Notes that a user has come to the thread on another node (true), or has left it there. */
  elsewhere(thread: ActiveThread, user: string, isThere: boolean): void {
    const presence = (thread.presence ??= new Presence());
    if (isThere ? presence.enterElsewhere(user) : presence.leaveElsewhere(user)) this.due(thread);
  }

  /** Takes over who is on other nodes when a thread comes into memory, where nobody has to be told. */
  restore(thread: ActiveThread, people: Iterable<string>): void {
    for (const user of people) (thread.presence ??= new Presence()).enterElsewhere(user);
    thread.presence?.take();
  }

  /** Stops: no more frames are sent. */
  close(threads: Iterable<ActiveThread>): void {
    this.isClosed = true;
    for (const thread of threads) {
      if (thread.presenceTimer !== null) this.options.clock.clearTimeout(thread.presenceTimer);
    }
  }

  private due(thread: ActiveThread): void {
    if (thread.presenceTimer !== null || this.isClosed) return;
    const { clock, bus } = this.options;
    // Each frame goes to all subscribers, and in a large thread somebody joins or leaves all the time.
    const isCrowd = thread.subscribers > CROWD_ABOVE && thread.presenceToldAt !== null;
    const nextAt = isCrowd ? (thread.presenceToldAt ?? 0) + CROWD_INTERVAL_MS : 0;
    thread.presenceTimer = clock.setTimeout(
      () => {
        thread.presenceTimer = null;
        const change = thread.presence?.take() ?? null;
        if (change === null) return;
        thread.presenceToldAt = clock.elapsed();
        bus.tellHere(presenceFrame(thread.id, change));
      },
      Math.max(PRESENCE_GATHER_MS, nextAt - clock.elapsed())
    );
  }
}

/** Who came to a thread and who left it; in a large thread only how many are there. */
function presenceFrame(
  thread: string,
  { join, leave, count, isLarge }: PresenceChange
): ServerFrame<'presence'> {
  return {
    type: 'presence',
    thread,
    ...(join.length === 0 ? {} : { join: [...join] }),
    ...(leave.length === 0 ? {} : { leave: [...leave] }),
    ...(isLarge ? { count } : {})
  };
}
