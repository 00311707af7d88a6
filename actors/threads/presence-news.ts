/** Gathers for a moment who came to a thread and who left it, so that its subscribers are told in one frame. */
import type { Clock } from '../clock.js';
import type { ActiveThread } from './active-thread.js';
import type { Audience } from './audience.js';
import { Presence, PRESENCE_NAMES_MAX } from './presence.js';

/** How long joins and leaves are gathered before they are told in one frame. */
export const PRESENCE_GATHER_MS = 50;

/** The same for threads above the size at which only a number is told: less often, since each frame goes to all. */
export const PRESENCE_GATHER_LARGE_MS = 1_000;

/** Options of {@link PresenceNews}. */
export interface PresenceNewsOptions {
  readonly clock: Clock;
  readonly audience: Pick<Audience, 'presence'>;
}

/** The presence of all active threads, as it is told. */
export class PresenceNews {
  private readonly options: PresenceNewsOptions;
  private isClosed = false;

  constructor(options: PresenceNewsOptions) {
    this.options = options;
  }

  /** A user has one more subscription. */
  enter(thread: ActiveThread, user: string): void {
    thread.presence ??= new Presence();
    if (thread.presence.enter(user)) this.due(thread);
  }

  /** A user has one subscription less; with the last one the user is no longer present. */
  leave(thread: ActiveThread, user: string): void {
    if (thread.presence?.leave(user) === true) this.due(thread);
  }

  /** Tells nothing more of these threads, nor of any other. */
  close(threads: Iterable<ActiveThread>): void {
    this.isClosed = true;
    for (const thread of threads) {
      if (thread.presenceTimer !== null) this.options.clock.clearTimeout(thread.presenceTimer);
    }
  }

  private due(thread: ActiveThread): void {
    if (thread.presenceTimer !== null || this.isClosed) return;
    const isLarge = (thread.presence?.count ?? 0) > PRESENCE_NAMES_MAX;
    thread.presenceTimer = this.options.clock.setTimeout(
      () => {
        thread.presenceTimer = null;
        const change = thread.presence?.take() ?? null;
        if (change !== null) this.options.audience.presence(thread.id, change);
      },
      isLarge ? PRESENCE_GATHER_LARGE_MS : PRESENCE_GATHER_MS
    );
  }
}
