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

/** The people of one thread, here and on other nodes, each with the number of their subscriptions. */
export class Presence {
  private readonly people = new Map<string, number>();
  /** How many of these are on other nodes, one for each node; null when none ever was. */
  private elsewhere: Map<string, number> | null = null;
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

  /** Returns the number of a user's subscriptions here. */
  subscriptions(user: string): number {
    return (this.people.get(user) ?? 0) - (this.elsewhere?.get(user) ?? 0);
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

  /** Adds a user of another node. Returns whether there is a change to send now. */
  enterElsewhere(user: string): boolean {
    this.elsewhere ??= new Map();
    this.elsewhere.set(user, (this.elsewhere.get(user) ?? 0) + 1);
    return this.enter(user);
  }

  /** Removes a user of another node. Returns whether there is a change to send now. */
  leaveElsewhere(user: string): boolean {
    const before = this.elsewhere?.get(user) ?? 0;
    if (before === 0) return false;
    if (before === 1) this.elsewhere?.delete(user);
    else this.elsewhere?.set(user, before - 1);
    return this.leave(user);
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
