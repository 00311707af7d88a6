/**
 * Tokens that are taken back before their end. What is revoked is a record of the log, so that it holds after a restart
 * and for ever, and every check of a token reads it.
 */
import { createHash } from 'node:crypto';
import { RECORD_CHARS_MAX, type ThreadRecords } from '../../actors/log/thread-records.js';
import type { UserIdentity } from './identity.js';

/** Thread that the records are kept under. A thread of that name has nothing to do with them. */
const RECORDS_OF = 'rollcall:revoked';

/** Kind of the records. */
const REVOKED_KIND = 'revoked';

/** Most single tokens of a user that are revoked at a time; all tokens before a time need no more than that time. */
export const REVOKED_TOKENS_MAX = 100;

/** Longest `jti`, in characters. */
export const TOKEN_ID_MAX = 128;

/** The revoked tokens of a user. */
export interface Revoked {
  /** Tokens issued before this time are revoked, Unix milliseconds; null when none is for its time. */
  readonly before: number | null;
  /** Ids (`jti`) of single tokens that are revoked. */
  readonly jti: readonly string[];
}

const NOTHING: Revoked = { before: null, jti: [] };

/** As many single tokens of a user are revoked as may be, or as fit into a record with ids as long as these. */
export class TooManyRevokedError extends Error {
  constructor() {
    super(
      `at most ${String(REVOKED_TOKENS_MAX)} single tokens of a user can be revoked, fewer with long ids: revoke all before a time`
    );
    this.name = 'TooManyRevokedError';
  }
}

/** Stores who has made a change. */
export type NoteChange = () => Promise<void>;

const NO_NOTE: NoteChange = () => Promise.resolve();

/** Options of {@link Revocations}. */
export interface RevocationsOptions {
  readonly log: Pick<ThreadRecords, 'record' | 'setRecord'>;
  /** Closes the user's connections, on every node, whose tokens are revoked. */
  readonly cut: (user: string) => void;
}

/** Revoked tokens. Reads and writes fail with `LogUnavailableError` while the log cannot do them. */
export class Revocations {
  private readonly options: RevocationsOptions;
  /** The last change of each user that is under way: two at once would each keep only their own. */
  private readonly changes = new Map<string, Promise<unknown>>();

  constructor(options: RevocationsOptions) {
    this.options = options;
  }

  /** Returns what is revoked of a user. */
  of(user: string): Revoked {
    const text = this.options.log.record(RECORDS_OF, REVOKED_KIND, idOf(user));
    return text === null ? NOTHING : read(text);
  }

  /** Returns whether the token of an identity is revoked. One that does not say when it was issued counts as old. */
  isRevoked({ user, token }: UserIdentity): boolean {
    if (token === undefined) return false;
    const { before, jti } = this.of(user);
    if (token.id !== null && jti.includes(token.id)) return true;
    return before !== null && (token.issuedAt ?? 0) < before;
  }

  /**
   * Revokes all tokens of a user issued before a time, or one by its id, or both. Once this resolves, it is durable and
   * every connection with such a token is closed. `note` stores who did it; it is called when the change is stored.
   * @throws {TooManyRevokedError} when there is no room for one more id
   */
  revoke(
    user: string,
    before: number | null,
    id: string | null,
    note: NoteChange = NO_NOTE
  ): Promise<Revoked> {
    const make = (known: Revoked): Revoked => {
      const jti = id === null || known.jti.includes(id) ? known.jti : [...known.jti, id];
      if (jti.length > REVOKED_TOKENS_MAX) throw new TooManyRevokedError();
      // An earlier time would let tokens in again: only `lift` does that.
      const time = Math.max(before ?? 0, known.before ?? 0);
      return { before: time === 0 ? null : time, jti };
    };
    return this.change(user, make, note);
  }

  /** Takes all tokens of a user again that are valid otherwise. `note` as in {@link revoke}. */
  lift(user: string, note: NoteChange = NO_NOTE): Promise<Revoked> {
    return this.change(user, () => NOTHING, note);
  }

  private async change(
    user: string,
    make: (known: Revoked) => Revoked,
    note: NoteChange
  ): Promise<Revoked> {
    const earlier = this.changes.get(user) ?? Promise.resolve();
    const work = earlier.then(
      () => this.store(user, make, note),
      () => this.store(user, make, note)
    );
    this.changes.set(user, work);
    try {
      return await work;
    } finally {
      if (this.changes.get(user) === work) this.changes.delete(user);
    }
  }

  private async store(
    user: string,
    make: (known: Revoked) => Revoked,
    note: NoteChange
  ): Promise<Revoked> {
    const { log, cut } = this.options;
    const revoked = make(this.of(user));
    const isNone = revoked.before === null && revoked.jti.length === 0;
    const text = isNone ? null : JSON.stringify({ user, ...revoked });
    // An emoji, or a character that JSON escapes, takes more than one character of the record.
    if (text !== null && text.length > RECORD_CHARS_MAX) throw new TooManyRevokedError();
    // Both at once, for the same commit of the log.
    const stored = log.setRecord(RECORDS_OF, REVOKED_KIND, idOf(user), text);
    await Promise.all([stored, note()]);
    cut(user);
    // A token that was being checked when the record changed has its connection by the next turn.
    await new Promise((resolve) => setImmediate(resolve));
    cut(user);
    return revoked;
  }
}

/** A user's name may be longer than the id of a record, in which an emoji counts twice. */
function idOf(user: string): string {
  return createHash('sha256').update(user).digest('base64url');
}

/** Reads a record. What cannot be read revokes everything: to take it for nothing would let somebody in again. */
function read(text: string): Revoked {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && 'before' in value && 'jti' in value) {
      const { before, jti } = value;
      const isTime = before === null || typeof before === 'number';
      if (isTime && Array.isArray(jti)) {
        return { before, jti: jti.filter((id) => typeof id === 'string') };
      }
    }
  } catch {
    // Told by the line below.
  }
  return { before: Number.MAX_SAFE_INTEGER, jti: [] };
}
