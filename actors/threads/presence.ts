/** Who is present in one thread: people, not connections. Changes are gathered for a moment and sent in one frame. */

/** Above this many people present, only their number is sent. */
export const PRESENCE_NAMES_MAX = 200;

/** Changes since the last frame; only `count` above {@link PRESENCE_NAMES_MAX}. */
export interface PresenceChange {
  readonly join: readonly string[];
  readonly leave: readonly string[];
  readonly count: number;
  readonly isLarge: boolean;
}

/** The people of one thread, each with the number of their subscriptions. */
export class Presence {
  private readonly people = new Map<string, number>();
  private readonly joined = new Set<string>();
  private readonly left = new Set<string>();

  /** Number of people present. */
  get count(): number {
    return this.people.size;
  }

  /** Returns the names of the people present; empty above {@link PRESENCE_NAMES_MAX}. */
  names(): string[] {
    return this.people.size > PRESENCE_NAMES_MAX ? [] : [...this.people.keys()];
  }

  /** Returns whether a user is present. */
  has(user: string): boolean {
    return this.people.has(user);
  }

  /** Returns the number of a user's subscriptions. */
  subscriptions(user: string): number {
    return this.people.get(user) ?? 0;
  }

  /** Adds a subscription of a user. Returns whether there is a change to send now. */
  enter(user: string): boolean {
    const before = this.people.get(user) ?? 0;
    this.people.set(user, before + 1);
    if (before > 0) return false;
    if (!this.left.delete(user)) this.joined.add(user);
    return true;
  }

  /** Removes a subscription of a user. Returns whether there is a change to send now. */
  leave(user: string): boolean {
    const before = this.people.get(user) ?? 0;
    if (before > 1) {
      this.people.set(user, before - 1);
      return false;
    }
    if (before === 0) return false;
    this.people.delete(user);
    if (!this.joined.delete(user)) this.left.add(user);
    return true;
  }

  /** Returns the changes to send, and forgets them; null when joins and leaves have cancelled each other. */
  take(): PresenceChange | null {
    if (this.joined.size === 0 && this.left.size === 0) return null;
    const isLarge = this.people.size + this.left.size > PRESENCE_NAMES_MAX;
    const change: PresenceChange = {
      join: isLarge ? [] : [...this.joined],
      leave: isLarge ? [] : [...this.left],
      count: this.people.size,
      isLarge
    };
    this.joined.clear();
    this.left.clear();
    return change;
  }
}
