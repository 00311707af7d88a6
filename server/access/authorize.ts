/**
 * The one rule of who may do what. It is a pure function of the identity, the action, the thread's record and the
 * settings. Every entry point (frames, HTTP, event streams, search) asks it through {@link Guard}.
 * @see docs/adr/0020-one-guard-at-every-door.md
 */
import type { Role } from '../../protocol/frames.js';
import type { AuthorityAnswer } from './authority.js';
import { isGranted, type Action } from './grants.js';
import type { Identity, NamedKey } from './identity.js';

/** What users may do whose tokens name no threads (`ACCESS`). */
export const ACCESS_MODES = ['open', 'members', 'token'] as const;

/** Settings that the rule depends on. */
export interface AccessSettings {
  /** `open`: use every thread. `members`: use the threads whose record names the user. `token`: nothing. */
  readonly mode: (typeof ACCESS_MODES)[number];
  /** Whether users may create a thread by writing to it, which makes them its owner (`ACCESS_CREATE`). */
  readonly mayCreate: boolean;
  /** Whether writing makes an owner with `ACCESS=open` too; in development only. */
  readonly ownsOpenThreads: boolean;
}

/** What the log knows about who belongs to a thread. */
export interface AccessRecord {
  /** Whether it has neither a message, nor an owner, nor members. Looked up only when it is read. */
  readonly isNew: boolean;
  readonly owner: string | null;
  /** Role of the caller; null when it has none. An owner needs none. */
  readonly role: Role | null;
}

/** A thread as the rule sees it. */
export interface JudgedThread {
  readonly id: string;
  /** Whether its id begins with a test prefix. */
  readonly isTest: boolean;
  /** Whether such threads are reserved for probes (`RESERVED_THREADS=refuse`). */
  readonly isReserved: boolean;
  /** Reads the record; called only if the answer depends on it. */
  readonly record: () => AccessRecord;
  /** Returns what the application has answered; null when it has not. Absent without `AUTHORIZE_URL`. */
  readonly answer?: (() => AuthorityAnswer | null) | undefined;
}

/** A right. */
export interface Allowed {
  readonly isAllowed: true;
  /** Whether the author of a thread's first message becomes its owner. */
  readonly mayOwn: boolean;
  /**
   * Whether it holds until a record or a token changes; false when it ends as soon as somebody creates the thread, or
   * when the application's answer does.
   */
  readonly isLasting: boolean;
}

/** Why there is no right. */
export interface Forbidden {
  readonly isAllowed: false;
  /** `unavailable`: the application has given no answer. */
  readonly code: 'forbidden' | 'reserved_thread' | 'unavailable';
}

/** Answer of {@link authorize}. */
export type Verdict = Allowed | Forbidden;

const ALLOWED: Allowed = { isAllowed: true, mayOwn: false, isLasting: true };
const OWNING: Allowed = { isAllowed: true, mayOwn: true, isLasting: true };
const CREATING: Allowed = { isAllowed: true, mayOwn: true, isLasting: false };
const FORBIDDEN: Forbidden = { isAllowed: false, code: 'forbidden' };
const ANSWERED: Readonly<Record<AuthorityAnswer, Verdict>> = {
  allowed: { isAllowed: true, mayOwn: false, isLasting: false },
  forbidden: FORBIDDEN,
  unavailable: { isAllowed: false, code: 'unavailable' }
};
const RESERVED: Forbidden = { isAllowed: false, code: 'reserved_thread' };

/** Decides whether a caller may do something with a thread. */
export function authorize(
  identity: Identity,
  action: Action,
  thread: JudgedThread,
  settings: AccessSettings
): Verdict {
  const isProbe = identity.kind === 'user' && identity.isProbe;
  if (thread.isReserved && !isProbe) return RESERVED;
  if (identity.kind === 'backend' && !isAllowedKey(identity.key, action, thread.id))
    return FORBIDDEN;
  if (action === 'probe') return isProbe || identity.kind === 'backend' ? ALLOWED : FORBIDDEN;
  if (identity.kind === 'backend') return OWNING;
  // A probe checks that the server works, whatever access its users have.
  if (isProbe && thread.isTest && action !== 'manage') return ALLOWED;
  // A token that names threads allows nothing else, even if its user is an owner or member elsewhere.
  if (identity.grants !== null) {
    return isGranted(identity.grants, action, thread.id) ? ALLOWED : FORBIDDEN;
  }
  // The application knows its users' rights: neither `ACCESS` nor the record adds any.
  if (thread.answer !== undefined) return ANSWERED[thread.answer() ?? 'unavailable'];
  if (settings.mode === 'token') return FORBIDDEN;
  if (settings.mode === 'open' && action !== 'manage') {
    return settings.mayCreate && settings.ownsOpenThreads ? OWNING : ALLOWED;
  }
  return byRecord(identity.user, action, thread.record(), settings);
}

/** Whether a key has not been taken back, and is not limited to other threads. The route has checked its scope. */
function isAllowedKey(key: NamedKey | undefined, action: Action, thread: string): boolean {
  if (key === undefined) return true;
  return !key.isRetired && (key.grants === null || isGranted(key.grants, action, thread));
}

function byRecord(
  user: string,
  action: Exclude<Action, 'probe'>,
  record: AccessRecord,
  { mode, mayCreate }: AccessSettings
): Verdict {
  const { owner, role } = record;
  if (owner === user) return ALLOWED;
  if (action === 'manage') return FORBIDDEN;
  if (role === 'member' || (role === 'reader' && action === 'read')) return ALLOWED;
  // Who may create the thread may also wait in it for its first message, until somebody else has created it.
  return mayCreate && mode === 'members' && record.isNew ? CREATING : FORBIDDEN;
}
