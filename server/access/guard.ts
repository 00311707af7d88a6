/**
 * The guard of every entry point. It reads what {@link authorize} needs and caches the answer for as long as it holds, so
 * that a publish costs one map look-up.
 */
import type { LogReader } from '../../actors/log/log-reader.js';
import type { ThreadRecords } from '../../actors/log/thread-records.js';
import { isThreadId } from '../../protocol/frames.js';
import { RIGHTS, type Right } from '../../protocol/rights.js';
import {
  authorize,
  type AccessRecord,
  type AccessSettings,
  type JudgedThread,
  type Verdict
} from './authorize.js';
import type { Authority } from './authority.js';
import type { Action } from './grants.js';
import type { Identity } from './identity.js';
import { hasMembers, roleOf } from './member-records.js';

/** Options of {@link Guard}. */
export interface GuardOptions {
  readonly log: Pick<LogReader, 'head'> & Pick<ThreadRecords, 'record' | 'records'>;
  /** Returns whether an id is that of a test thread, by the configured prefixes. */
  readonly isTest: (thread: string) => boolean;
  /** Whether test threads are reserved for probes (`RESERVED_THREADS=refuse`). */
  readonly refusesTestThreads: boolean;
  readonly settings: AccessSettings;
  /** The application that is asked; absent without `AUTHORIZE_URL`. */
  readonly authority?: Pick<Authority, 'known' | 'ask'> | null;
}

/** Most threads whose rights are cached per caller; beyond it the cache is emptied. */
export const KEPT_RIGHTS_MAX = 256;

/** A right, or why there is none. */
export type Judgement = Verdict | { readonly isAllowed: false; readonly code: 'bad_thread' };

/** An error code with which the guard refuses. */
export type AccessRefusal = Extract<Judgement, { isAllowed: false }>['code'];

const BAD_THREAD: Judgement = { isAllowed: false, code: 'bad_thread' };

/** First messages of a thread that are being stored. */
interface Opening {
  readonly owner: string | null;
  messages: number;
}

/** Changes of one thread's record that are being stored. */
interface Changing {
  /** Everybody who owns the thread before, between and after them; null stands for nobody. */
  readonly owners: Set<string | null>;
  /** Whether the thread was new, so that anybody may wait in it. */
  wasNew: boolean;
  count: number;
}

/** What a change of a record gives its user: a role or, with null, none any more; or the whole thread. */
export type ChangeOf = 'role' | 'owner';

/** Judges every caller. */
export class Guard {
  private readonly options: GuardOptions;
  private readonly openings = new Map<string, Opening>();
  private readonly changing = new Map<string, Changing>();
  private changesSoFar = 0;
  /** Called when a record has changed, so that the affected users' subscriptions are judged again. */
  onChanged: (thread: string, users: readonly string[]) => void = () => undefined;
  /** Called when a thread has been given another owner, to tell its subscribers; `by` as in {@link Guard.changes}. */
  onOwner: (thread: string, owner: string, by: string | null) => void = () => undefined;
  /** Called when a thread begins to exist, so that the subscriptions of others who waited in it are judged again. */
  onOpened: (thread: string, owner: string | null) => void = () => undefined;

  constructor(options: GuardOptions) {
    this.options = options;
  }

  /**
   * Notes that the record of a thread is being changed for a user. Returns a function to call once the change is stored or
   * has failed. It judges everybody again who may have lost a right by it: the user, the owners of before, also those of
   * changes that ran at the same time, and all who waited in a thread that began to exist. `by` is the user who gives the
   * thread another owner; null for a backend.
   */
  changes(thread: string, user: string, what: ChangeOf, by: string | null = null): () => void {
    const changing = this.changing.get(thread) ?? { owners: new Set(), wasNew: false, count: 0 };
    // Reads first: when the log fails here, nothing has begun that nobody would end.
    const isOpenToAll = this.isOpenToAll(thread);
    const owner = what === 'owner' ? (this.options.log.head(thread)?.owner ?? null) : null;
    this.changing.set(thread, changing);
    changing.count++;
    changing.wasNew ||= isOpenToAll;
    if (what === 'owner') {
      const opening = this.openings.get(thread);
      changing.owners.add(owner).add(user);
      // Who creates the thread at the same time may own it in between.
      if (opening !== undefined) changing.owners.add(opening.owner);
    }
    return () => {
      changing.count--;
      if (changing.count === 0) this.changing.delete(thread);
      const users = what === 'role' ? [user] : [...changing.owners].filter((name) => name !== null);
      // Most messages of a backend name the owner that the thread has already.
      if (what === 'role' || changing.owners.size > 1) this.changed(thread, users);
      if (changing.wasNew) this.onOpened(thread, null);
      const isMoved = what === 'owner' && changing.owners.size > 1;
      if (isMoved && this.isOwner(thread, user)) this.onOwner(thread, user, by);
    };
  }

  private changed(thread: string, users: readonly string[]): void {
    this.changesSoFar++;
    this.onChanged(thread, users);
  }

  /** Number of changes of records so far. A right judged at a lower number may no longer hold. */
  get version(): number {
    return this.changesSoFar;
  }

  /**
   * Judges a caller anew. Where the application decides, its answer must be there: see {@link ask}.
   * @throws {LogUnavailableError} or `LogCorruptError` when the record cannot be read
   */
  judge(identity: Identity, action: Action, thread: string): Judgement {
    const { authority } = this.options;
    const answer =
      authority && identity.kind === 'user'
        ? () => authority.known(identity, action, thread)
        : undefined;
    return this.judgeBy(answer, identity, action, thread);
  }

  /**
   * Asks the application, if a judgement needs its answer and that is not known. Returns null when there is nothing to wait
   * for, which without `AUTHORIZE_URL` costs one comparison. The promise never rejects.
   */
  ask(identity: Identity, action: Action, thread: string): Promise<void> | null {
    const { authority } = this.options;
    if (!authority || identity.kind !== 'user') return null;
    const questions: Promise<void>[] = [];
    const answer = (): null => {
      const question = authority.ask(identity, action, thread);
      if (question !== null) questions.push(question);
      return null;
    };
    this.judgeBy(answer, identity, action, thread);
    return questions[0] ?? null;
  }

  /** Returns the error code that refuses a caller, once the application has been asked; null when it is allowed. */
  async decide(identity: Identity, action: Action, thread: string): Promise<AccessRefusal | null> {
    const question = this.ask(identity, action, thread);
    if (question !== null) await question;
    return this.refusal(identity, action, thread);
  }

  private judgeBy(
    answer: JudgedThread['answer'],
    identity: Identity,
    action: Action,
    thread: string
  ): Judgement {
    if (!isThreadId(thread)) return BAD_THREAD;
    const { refusesTestThreads, settings } = this.options;
    const isTest = this.options.isTest(thread);
    const judged = {
      id: thread,
      isTest,
      isReserved: isTest && refusesTestThreads,
      record: () => this.record(thread, identity),
      answer
    };
    return authorize(identity, action, judged, settings);
  }

  /** Returns the error code that refuses a caller; null when the action is allowed. */
  refusal(identity: Identity, action: Action, thread: string): AccessRefusal | null {
    const judgement = this.judge(identity, action, thread);
    return judgement.isAllowed ? null : judgement.code;
  }

  /**
   * Notes that a message is being stored in a thread that may be new; `owner` is its future owner. From now on nobody else
   * can create the thread. Returns a function to call once the message is stored or refused.
   */
  opens(thread: string, owner: string | null): () => void {
    if (this.options.settings.mode !== 'members') return NOTHING;
    const known = this.openings.get(thread);
    if (known === undefined && !this.isNew(thread)) return NOTHING;
    const opening = known ?? { owner, messages: 0 };
    opening.messages++;
    this.openings.set(thread, opening);
    this.changing.get(thread)?.owners.add(opening.owner);
    if (known === undefined) this.onOpened(thread, owner);
    return () => {
      opening.messages--;
      if (opening.messages === 0) this.openings.delete(thread);
    };
  }

  private record(thread: string, identity: Identity): AccessRecord {
    const { log } = this.options;
    const opening = this.openings.get(thread);
    const owner = log.head(thread)?.owner ?? opening?.owner ?? null;
    const user = identity.kind === 'user' ? identity.user : null;
    // Usually the right is cached and the log need not be read again.
    if (owner !== null && owner === user) return { isNew: false, owner, role: null };
    const role = user === null ? null : roleOf(log, thread, user);
    const isNew = (): boolean => role === null && opening === undefined && this.isNew(thread);
    return {
      owner,
      role,
      get isNew() {
        return isNew();
      }
    };
  }

  /** Whether anybody may wait in a thread, because it does not exist yet. */
  private isOpenToAll(thread: string): boolean {
    const { mode, mayCreate } = this.options.settings;
    const mayWait = mode === 'members' && mayCreate && !this.openings.has(thread);
    return mayWait && this.isNew(thread);
  }

  /** Whether a change of the owner has been stored; false while the record cannot be read. */
  private isOwner(thread: string, user: string): boolean {
    try {
      return this.options.log.head(thread)?.owner === user;
    } catch {
      return false;
    }
  }

  private isNew(thread: string): boolean {
    const { log } = this.options;
    return log.head(thread) === null && !hasMembers(log, thread);
  }
}

const NOTHING = (): void => undefined;

/** Every list of rights, once, so that two are compared by identity; the index has a bit for each right. */
const RIGHT_LISTS: readonly (readonly Right[])[] = Array.from(
  { length: 2 ** RIGHTS.length },
  (_, bits) => RIGHTS.filter((_right, bit) => (bits & (1 << bit)) !== 0)
);

/** A caller without any right. */
export const NO_RIGHTS: readonly Right[] = RIGHT_LISTS[0] ?? [];

/** The rights of one caller, judged when they are first needed and cached until a record changes. */
export class CallerRights {
  readonly identity: Identity;
  private readonly guard: Guard;
  private version: number;
  private kept: Map<string, Verdict> | null = null;

  constructor(guard: Guard, identity: Identity) {
    this.guard = guard;
    this.identity = identity;
    this.version = guard.version;
  }

  /** Asks the application about the caller; null when there is nothing to wait for. */
  ask(action: Action, thread: string): Promise<void> | null {
    return this.guard.ask(this.identity, action, thread);
  }

  /** Judges the caller. @throws {LogUnavailableError} or `LogCorruptError` when the record cannot be read */
  judge(action: Action, thread: string): Judgement {
    if (action !== 'write') return this.judgeAnew(action, thread);
    if (this.version !== this.guard.version) {
      this.kept = null;
      this.version = this.guard.version;
    }
    const kept = this.kept?.get(thread);
    if (kept !== undefined) return kept;
    const judgement = this.judgeAnew(action, thread);
    if (judgement.isAllowed && judgement.isLasting) {
      if (this.kept === null || this.kept.size >= KEPT_RIGHTS_MAX) this.kept = new Map();
      this.kept.set(thread, judgement);
    }
    return judgement;
  }

  private judgeAnew(action: Action, thread: string): Judgement {
    return this.guard.judge(this.identity, action, thread);
  }

  /** Returns the error code that refuses the caller; null when the action is allowed. */
  refusal(action: Action, thread: string): AccessRefusal | null {
    const judgement = this.judge(action, thread);
    return judgement.isAllowed ? null : judgement.code;
  }

  /**
   * Returns what the caller may do with a thread; equal lists are the same object. Null when the application has not
   * been asked about all of it, unless the caller may not even read.
   * @throws {LogUnavailableError} or `LogCorruptError` when the record cannot be read
   */
  may(thread: string): readonly Right[] | null {
    let bits = 0;
    let isKnown = true;
    for (const [bit, right] of RIGHTS.entries()) {
      // Caches nothing: most subscribers only listen, and a cache takes 200 bytes of each.
      const judgement = this.judgeAnew(right, thread);
      if (judgement.isAllowed) bits |= 1 << bit;
      else if (judgement.code === 'unavailable') {
        if (right === 'read') return null;
        isKnown = false;
      }
    }
    const list = RIGHT_LISTS[bits] ?? NO_RIGHTS;
    return isKnown || !list.includes('read') ? list : null;
  }
}
