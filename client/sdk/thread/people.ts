import type { ServerFrame } from '../../../protocol/frames.js';
import type { ClientClock } from '../clock.js';
import { PresentUsers } from './present-users.js';
import type { Presence, ThreadEvents } from './thread-events.js';
import { Typists } from './typists.js';

/** What {@link People} report. */
export interface PeopleEvents {
  presence(change: Presence): void;
  typing(change: ThreadEvents['typing']): void;
}

/** The people of a joined thread: who is present, and who types. */
export class People {
  readonly #events: PeopleEvents;
  readonly #present = new PresentUsers();
  readonly #typists: Typists;

  constructor(clock: ClientClock, events: PeopleEvents) {
    this.#events = events;
    this.#typists = new Typists(clock, (user, on) => {
      events.typing({ user, on });
    });
  }

  /** Users who are present, sorted; empty when there are too many to name. */
  get names(): readonly string[] {
    return this.#present.names;
  }

  /** How many users are present, named or not. */
  get count(): number {
    return this.#present.count;
  }

  /** Users who are typing, sorted. */
  get typists(): readonly string[] {
    return this.#typists.all;
  }

  /** Starts with those whom the server names. */
  begin(present: readonly string[], count?: number): void {
    this.#present.clear();
    this.change(present, [], count);
  }

  /** Handles who has come and gone. */
  change(join: readonly string[], leave: readonly string[], count?: number): void {
    for (const user of leave) this.#typists.stop(user);
    this.#present.change(join, leave, count);
    this.#events.presence({ present: this.names, count: this.count, join, leave });
  }

  /** Handles another user's typing. */
  typed({ user, on, forMs }: ServerFrame<'typing'>): void {
    if (on) this.#typists.start(user, forMs);
    else this.#typists.stop(user);
  }

  /** Handles a message: its author no longer types. */
  spoke(user: string): void {
    this.#typists.stop(user);
  }

  /** Handles the end of a subscription: nobody is known to be there. */
  lost(): void {
    const leave = this.names;
    const hadAnyone = this.count > 0;
    this.#typists.stopAll();
    this.#present.clear();
    if (hadAnyone) this.#events.presence({ present: [], count: 0, join: [], leave });
  }

  /** Forgets everybody without a report. */
  clear(): void {
    this.#typists.clear();
    this.#present.clear();
  }
}
