/** Tokens of users: some are used again and again, some name threads, and any may be revoked. */
import { tokenOf } from '../../../spec/e2e/access/doors.js';
import { pick, type Random } from '../../kill-proof/random.js';
import type { Token } from './access-client.js';

/** How many of the newest tokens may be used again. */
const KEPT = 60;

/** How often an existing token is used again, and how often a new one names threads. */
const AGAIN = 0.7;
const NARROW = 0.2;

/** What tokens that name threads allow. */
const ACTS = [['read'], ['read', 'write']] as const;

/** Makes tokens; the same random numbers make the same ones. */
export class TokenPool {
  readonly #random: Random;
  /** Beginnings of thread ids, up to the colon. */
  readonly #starts: readonly string[];
  readonly #tokens: Token[] = [];

  constructor(random: Random, starts: readonly string[]) {
    this.#random = random;
    this.#starts = starts;
  }

  /** Returns a token of a user, an earlier one or a new one. */
  async of(user: string): Promise<Token> {
    const known = this.#tokens.slice(-KEPT).filter((token) => token.user === user);
    if (known.length > 0 && this.#random() < AGAIN) return pick(this.#random, known);
    const jti = `t${String(this.#tokens.length)}`;
    const isNarrow = this.#random() < NARROW;
    const acts = pick(this.#random, ACTS);
    const start = `${pick(this.#random, this.#starts)}:`;
    const claims = { jti, iat: 1, ...(isNarrow ? { threads: { [`${start}*`]: acts } } : {}) };
    const names: Token['grants'] = (thread, act) =>
      thread.startsWith(start) && acts.some((name) => name === act);
    const text = await tokenOf(user, claims);
    const token: Token = { user, jti, text, grants: isNarrow ? names : null, revokedAt: null };
    this.#tokens.push(token);
    return token;
  }
}
