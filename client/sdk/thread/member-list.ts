import { RollcallError } from '../rollcall-error.js';
import type { Thread } from './thread.js';
import type { MemberChange, MembersList, Right, Role } from './thread-events.js';

/** The part of a thread that a list of members uses. */
export type MemberSource = Pick<Thread, 'members' | 'setMember' | 'on' | 'may'>;

/** What to show of a thread's members; each change makes a new object. */
export interface MembersSnapshot {
  /** Null when nobody owns the thread, or when that is not known yet. */
  readonly owner: string | null;
  /** The members besides the owner, sorted by name. */
  readonly members: MembersList['members'];
  /** What the user may do; `manage` changes the members. Null until the server has said it. */
  readonly may: readonly Right[] | null;
  readonly isLoading: boolean;
  /** Why the members are not known; null when they are. */
  readonly problem: RollcallError | null;
}

/** Snapshot of a list that has not been loaded. */
export const EMPTY_MEMBERS: MembersSnapshot = {
  owner: null,
  members: [],
  may: null,
  isLoading: true,
  problem: null
};

/**
 * The members of one thread as a store: loaded once, then kept up to date by the changes that the server tells, and loaded
 * again when the thread is joined again, since changes may have been missed.
 */
export class MemberList {
  readonly #source: MemberSource;
  readonly #changed: () => void;
  readonly #ends: readonly (() => void)[];
  /** Changes that came while the list was being loaded, in order. */
  #untaken: MemberChange[] = [];
  #loads = 0;
  #snapshot = EMPTY_MEMBERS;

  /** @param changed called after every change of the snapshot */
  constructor(source: MemberSource, changed: () => void) {
    this.#source = source;
    this.#changed = changed;
    this.#ends = [
      source.on('member', (change) => {
        this.#take(change);
      }),
      source.on('rights', (may) => {
        this.#show({ ...this.#snapshot, may });
      }),
      // The owner of before may have a role, which the list has not shown.
      source.on('owner', () => {
        if (this.#loads > 0) void this.load();
      }),
      source.on('subscribed', () => {
        if (this.#loads > 0) void this.load();
      })
    ];
  }

  /** What to show now. */
  get snapshot(): MembersSnapshot {
    return this.#snapshot;
  }

  /** Asks the server for the list. */
  async load(): Promise<void> {
    const load = ++this.#loads;
    this.#untaken = [];
    this.#show({ ...this.#snapshot, isLoading: true });
    try {
      const { owner, members } = await this.#source.members();
      if (load !== this.#loads) return;
      // A change that came before the answer may be in it already; to apply it twice does no harm.
      const list = this.#untaken.reduce(changedMembers, members);
      const { may } = this.#source;
      this.#show({ owner, members: sorted(list, owner), may, isLoading: false, problem: null });
    } catch (error) {
      if (!(error instanceof RollcallError)) throw error;
      if (load !== this.#loads) return;
      const { may } = this.#source;
      this.#show({ ...EMPTY_MEMBERS, may, isLoading: false, problem: error });
    }
  }

  /**
   * Gives a user a role, or with null takes it away.
   * @throws {RollcallError} (as rejection) the server's refusal (`forbidden`), or `timeout`, `closed`
   */
  async set(user: string, role: Role | null): Promise<void> {
    this.#take(await this.#source.setMember(user, role));
  }

  /** Stops listening. */
  end(): void {
    this.#loads += 1;
    for (const end of this.#ends) end();
  }

  #take(change: MemberChange): void {
    const { members, owner, isLoading, problem } = this.#snapshot;
    if (isLoading) this.#untaken.push(change);
    if (problem !== null) return;
    this.#show({ ...this.#snapshot, members: sorted(changedMembers(members, change), owner) });
  }

  #show(snapshot: MembersSnapshot): void {
    this.#snapshot = snapshot;
    this.#changed();
  }
}

function changedMembers(
  members: MembersList['members'],
  { user, role }: MemberChange
): MembersList['members'] {
  const others = members.filter((one) => one.user !== user);
  return role === null ? others : [...others, { user, role }];
}

/** Sorts by name, without the owner, who may do everything whatever the role. */
function sorted(members: MembersList['members'], owner: string | null): MembersList['members'] {
  return members
    .filter(({ user }) => user !== owner)
    .sort((one, other) => (one.user < other.user ? -1 : one.user > other.user ? 1 : 0));
}
