/** Changes the owner and the members of threads, and tells the subscribers. */
import type { LogReader } from '../../actors/log/log-reader.js';
import type { ThreadRecords } from '../../actors/log/thread-records.js';
import type { Role, ServerFrame } from '../../protocol/frames.js';
import type { Guard } from './guard.js';
import { MEMBER_KIND, membersOf, roleOf, type Member } from './member-records.js';

/** Most members of a thread, because one answer lists them all. */
export const MEMBERS_MAX = 1_000;

/** The frame of a change, for all subscribers. */
export type MemberFrame = ServerFrame<'member'>;

/** Options of {@link Members}. */
export interface MembersOptions {
  readonly log: Pick<LogReader, 'head'> & ThreadRecords;
  readonly guard: Pick<Guard, 'changes'>;
  /** Sends a frame to the subscribers of its thread. */
  readonly tell: (frame: MemberFrame) => void;
}

/** Who belongs to a thread. */
export interface Belonging {
  readonly owner: string | null;
  readonly members: readonly Member[];
}

/** Thrown when a thread already has the most members that it may have. */
export class TooManyMembersError extends Error {
  constructor() {
    super(`a thread has at most ${String(MEMBERS_MAX)} members`);
    this.name = 'TooManyMembersError';
  }
}

/** The members of all threads. Reads and writes throw `LogUnavailableError` while the log does not work. */
export class Members {
  private readonly options: MembersOptions;
  /** Users whose first role in a thread is being stored, by thread: they take room already. */
  private readonly coming = new Map<string, Set<string>>();

  constructor(options: MembersOptions) {
    this.options = options;
  }

  /** Returns the owner and the members of a thread. */
  of(thread: string): Belonging {
    const { log } = this.options;
    return { owner: log.head(thread)?.owner ?? null, members: membersOf(log, thread) };
  }

  /** Returns the role of a user; null when it has none. */
  role(thread: string, user: string): Role | null {
    return roleOf(this.options.log, thread, user);
  }

  /**
   * Gives a user a role, or removes the member with null. When this resolves, the change is durable and subscriptions
   * without a right have ended. `by` is the user who made the change; null for a backend.
   * @throws {TooManyMembersError} when the thread has no room for another member
   */
  async set(thread: string, user: string, role: Role | null, by: string | null): Promise<void> {
    const stored = role === null ? NOTHING : this.makeRoom(thread, user);
    try {
      await this.store(thread, user, role);
    } finally {
      stored();
    }
    this.options.tell({ type: 'member', thread, user, role, by });
  }

  private async store(thread: string, user: string, role: Role | null): Promise<void> {
    const { log, guard } = this.options;
    const changed = guard.changes(thread, user, 'role');
    try {
      await log.setRecord(thread, MEMBER_KIND, user, role);
    } finally {
      // At once: a message that is being stored now must find those gone who may not read it, and so must the frame.
      changed();
    }
    if (role !== null) await log.list(thread, user);
  }

  /**
   * Makes a user the owner. The previous owner keeps only the rights of its role, if it has one. `by` is the user who made
   * the change; null for a backend.
   */
  async setOwner(thread: string, owner: string, by: string | null = null): Promise<void> {
    const { log, guard } = this.options;
    const changed = guard.changes(thread, owner, 'owner', by);
    try {
      await log.setOwner(thread, owner);
    } finally {
      changed();
    }
    await log.list(thread, owner);
  }

  /** Takes room for a member until its role is stored, since the log may not have it before. */
  private makeRoom(thread: string, user: string): () => void {
    const coming = this.coming.get(thread) ?? new Set();
    if (this.role(thread, user) !== null || coming.has(user)) return NOTHING;
    // A role that is being stored may be seen in the log already.
    const users = new Set([...coming, ...this.of(thread).members.map((member) => member.user)]);
    if (users.size >= MEMBERS_MAX) throw new TooManyMembersError();
    coming.add(user);
    this.coming.set(thread, coming);
    return () => {
      coming.delete(user);
      if (coming.size === 0) this.coming.delete(thread);
    };
  }
}

const NOTHING = (): void => undefined;
