/**
 * The public keys that tokens are checked with, fetched from `AUTH_JWKS_URL`. While a set cannot be fetched again, the
 * old one stays in use. Tokens with invented key ids cause at most one fetch a minute.
 */
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '../../actors/clock.js';
import { AuthError } from './auth.js';
import { askJson, NoAnswerError } from './bounded-json.js';

/** Age at which the set is fetched again, in milliseconds. Tokens of a removed key are accepted for up to this time. */
export const KEYS_MAX_AGE_MS = 600_000;

/** Shortest time between two fetches for unknown keys, and after a failed fetch, in milliseconds. */
export const KEYS_AGAIN_MS = 60_000;

/** Time between two fetches before the first set has come, in milliseconds: nobody can sign in until then. */
export const FIRST_KEYS_AGAIN_MS = 1_000;

/** Time for one fetch, in milliseconds: half of the time that a client has to connect. */
export const KEYS_TIMEOUT_MS = 5_000;

/** Longest answer, in bytes. */
export const KEYS_BYTES_MAX = 262_144; // 100 keys with certificate chains

/** Most keys of a set: a token without `kid` may be compared with each. */
export const KEYS_MAX = 100;

const NO_KEYS = 'the keys to check the token with could not be had';
const NOT_YET = 'the key of the token is not known; the keys are fetched again within a minute';

/** How the last fetch ended. */
export interface KeySetState {
  /** Why it failed, as a continuation of "the server …"; null when it succeeded. */
  readonly fault: string | null;
  /** Whether there are keys, perhaps of an earlier fetch. */
  readonly hasKeys: boolean;
}

/** Options of {@link KeySet}. */
export interface KeySetOptions {
  readonly clock: Pick<Clock, 'elapsed' | 'setTimeout'>;
  /** Fetches the set. @throws {NoAnswerError} when it cannot */
  readonly fetch: () => Promise<unknown>;
  /** Called after each fetch. */
  readonly onFetched: (state: KeySetState) => void;
}

/** Returns a function that fetches a set from its address. */
export function keysFrom(url: URL): KeySetOptions['fetch'] {
  return () => askJson({ url, timeoutMs: KEYS_TIMEOUT_MS, bytesMax: KEYS_BYTES_MAX });
}

/** The keys of one address. */
export class KeySet {
  private readonly options: KeySetOptions;
  private keys: JWTVerifyGetKey | null = null;
  private hasFailed = false;
  /** When the last fetch began; null before the first one. */
  private triedAt: number | null = null;
  /** When a set was last fetched because of an unknown key. */
  private unknownAt: number | null = null;
  /** The fetch under way, which all share; it never rejects. */
  private fetching: Promise<void> | null = null;

  constructor(options: KeySetOptions) {
    this.options = options;
  }

  /** Fetches the set when it is time; called about every second. */
  sweep(): void {
    if (this.isOver(this.triedAt, this.ageMs)) void this.refresh();
  }

  /**
   * Returns the key that a token says it is signed with.
   * @throws {AuthError} `unavailable` when there is no set yet, or the key is unknown and the set may not be fetched
   * again yet; an error of `jose` when no key of the set fits
   */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    if (this.keys === null) await this.refresh();
    const { keys } = this;
    if (keys === null) throw new AuthError(NO_KEYS, 'unavailable');
    try {
      return await keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
    }
    return await (
      await this.lookAgain(keys)
    )(header, token);
  };

  /** Fetches the set again for a key that is not in it, and returns it. */
  private async lookAgain(known: JWTVerifyGetKey): Promise<JWTVerifyGetKey> {
    if (this.fetching === null) {
      const isTime =
        this.isOver(this.unknownAt, KEYS_AGAIN_MS) &&
        (!this.hasFailed || this.isOver(this.triedAt, KEYS_AGAIN_MS));
      // Not a final refusal: the key may be new, and the last fetch may have been for another client's invented key.
      if (!isTime) throw new AuthError(NOT_YET, 'unavailable');
      this.unknownAt = this.options.clock.elapsed();
    }
    await this.refresh();
    if (this.hasFailed) throw new AuthError(NO_KEYS, 'unavailable');
    return this.keys ?? known;
  }

  /** Age of the last fetch at which the next one is due. */
  private get ageMs(): number {
    if (this.keys === null) return FIRST_KEYS_AGAIN_MS;
    return this.hasFailed ? KEYS_AGAIN_MS : KEYS_MAX_AGE_MS;
  }

  private isOver(since: number | null, ms: number): boolean {
    return since === null || this.options.clock.elapsed() - since >= ms;
  }

  private refresh(): Promise<void> {
    this.fetching ??= this.fetch().finally(() => {
      this.fetching = null;
    });
    return this.fetching;
  }

  private async fetch(): Promise<void> {
    const { clock, fetch, onFetched } = this.options;
    if (this.keys === null && this.triedAt !== null) {
      // Tokens that come during the fetch wait for it: they neither fail at once nor cause more fetches.
      const waitMs = this.triedAt + FIRST_KEYS_AGAIN_MS - clock.elapsed();
      if (waitMs > 0) {
        await new Promise<void>((resolve) => {
          clock.setTimeout(resolve, waitMs);
        });
      }
    }
    this.triedAt = clock.elapsed();
    let fault: string | null = null;
    try {
      const set = await fetch();
      if (isKeySet(set)) this.keys = createLocalJWKSet(set);
      else fault = `answered something that is no set of at most ${String(KEYS_MAX)} keys`;
    } catch (error) {
      fault = error instanceof NoAnswerError ? error.message : 'answered keys that cannot be read';
    }
    this.hasFailed = fault !== null;
    onFetched({ fault, hasKeys: this.keys !== null });
  }
}

function isKeySet(value: unknown): value is JSONWebKeySet {
  if (typeof value !== 'object' || value === null || !('keys' in value)) return false;
  const { keys } = value;
  return Array.isArray(keys) && keys.length <= KEYS_MAX && keys.every(isKey);
}

function isKey(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && 'kty' in value && typeof value.kty === 'string'
  );
}
