/**
 * The API keys that backends show: the one of `API_KEY`, which may do everything, and those of `API_KEYS_FILE`, each
 * with a name and scopes. The file is read again when it has changed. A new version that cannot be used changes nothing.
 */
import type { Clock } from '../../actors/clock.js';
import { reasonOf } from '../../machines/reason.js';
import { BACKEND, type BackendCaller, type NamedKey } from '../access/identity.js';
import { readKeyFile, type FiledKey } from '../access/key-file.js';
import { hashOf, Secret } from './secret.js';

/** How often the file is looked at, in milliseconds. */
export const KEY_FILE_LOOK_MS = 5_000;

/** The file of the keys. */
export interface KeyFile {
  readonly path: string;
  /** @throws {Error} when it cannot be read */
  readNow(): string;
  /** Returns its text. Rejects when it cannot be read. */
  read(): Promise<string>;
  /** Returns a text that changes with the file. Rejects when there is none. */
  stamp(): Promise<string>;
}

/** What came of reading the file. */
export interface KeyFileState {
  /** Why the file could not be used, as one sentence; null when it could. */
  readonly fault: string | null;
  /** Names of the keys in use that were not in use before. */
  readonly added: readonly string[];
  /** Names of those that were, and are no more. A changed key is in both lists. */
  readonly removed: readonly string[];
}

/** Options of {@link ApiKeys}. */
export interface ApiKeysOptions {
  /** `API_KEY`. */
  readonly apiKey?: string | undefined;
  /** `API_KEYS_FILE`; null without one. */
  readonly file: KeyFile | null;
  readonly clock: Pick<Clock, 'now' | 'elapsed'>;
  /** Called each time that the file was read. */
  readonly onRead: (state: KeyFileState) => void;
}

/** A key that may still be in use somewhere when the file no longer has it. */
class KeyInUse implements NamedKey {
  readonly name: string;
  readonly scopes: NamedKey['scopes'];
  readonly grants: NamedKey['grants'];
  readonly expiresAt: number | null;
  readonly entry: string;
  readonly secret: Secret;
  isRetired = false;

  constructor({ name, scopes, grants, expiresAt, entry, hash }: FiledKey) {
    this.name = name;
    this.scopes = scopes;
    this.grants = grants;
    this.expiresAt = expiresAt;
    this.entry = entry;
    this.secret = new Secret(hash);
  }
}

/** Whose a shown key is: a backend's, or nobody's. `expired` is the name of a key that has ended. */
export type FoundKey =
  { readonly caller: BackendCaller } | { readonly caller: null; readonly expired: string | null };

const UNKNOWN: FoundKey = { caller: null, expired: null };

/** The keys in use. */
export class ApiKeys {
  private readonly options: ApiKeysOptions;
  private readonly single: Secret | null;
  private keys: readonly KeyInUse[] = [];
  private stamp: string | null = null;
  private lookedAt: number;
  private isLooking = false;
  /** Called when keys have been taken back, so that the rights of whoever uses them are judged again. */
  onRetired: () => void = () => undefined;

  /** Reads the file at once. One that cannot be used leaves no key of it, and is reported. */
  constructor(options: ApiKeysOptions) {
    this.options = options;
    const { apiKey, file, clock } = options;
    this.single = apiKey === undefined ? null : new Secret(apiKey);
    this.lookedAt = clock.elapsed();
    if (file === null) return;
    try {
      this.use(file.readNow());
    } catch (error) {
      this.report(`cannot be read (${reasonOf(error)})`);
    }
  }

  /** Whether there are keys at all: without any the API is off, or open in development. */
  get areSet(): boolean {
    return this.single !== null || this.options.file !== null;
  }

  /** Finds whose a key is. It is compared with all keys, so that the time says nothing about any of them. */
  find(shown: string): FoundKey {
    const hash = hashOf(shown);
    let found: FoundKey = UNKNOWN;
    if (this.single?.hasHash(hash) === true) found = { caller: BACKEND };
    for (const key of this.keys) {
      if (!key.secret.hasHash(hash)) continue;
      const isOver = key.expiresAt !== null && this.options.clock.now() >= key.expiresAt;
      found = isOver ? { caller: null, expired: key.name } : { caller: { kind: 'backend', key } };
    }
    return found;
  }

  /** Reads the file again when it has changed; called about every second. Resolves when that is done. */
  async sweep(): Promise<void> {
    const { file, clock } = this.options;
    const now = clock.elapsed();
    if (file === null || this.isLooking || now - this.lookedAt < KEY_FILE_LOOK_MS) return;
    this.lookedAt = now;
    this.isLooking = true;
    try {
      const stamp = await file.stamp();
      if (stamp === this.stamp) return;
      // Taken before the text: a change in between is seen at the next look.
      const text = await file.read();
      this.stamp = stamp;
      this.use(text);
    } catch (error) {
      this.stamp = null;
      this.report(`cannot be read (${reasonOf(error)})`);
    } finally {
      this.isLooking = false;
    }
  }

  private use(text: string): void {
    const read = readKeyFile(text);
    if (!read.ok) {
      const [first = '', ...more] = read.faults;
      this.report(`${first}${more.length === 0 ? '' : `, and ${String(more.length)} more`}`);
      return;
    }
    const before = this.keys;
    this.keys = read.keys.map(
      (key) => before.find(({ entry }) => entry === key.entry) ?? new KeyInUse(key)
    );
    const removed = before.filter((key) => !this.keys.includes(key));
    const added = this.keys.filter((key) => !before.includes(key));
    for (const key of removed) key.isRetired = true;
    const names = (keys: readonly KeyInUse[]): string[] => keys.map(({ name }) => name);
    this.options.onRead({ fault: null, added: names(added), removed: names(removed) });
    if (removed.length > 0) this.onRetired();
  }

  private report(fault: string): void {
    this.options.onRead({ fault, added: [], removed: [] });
  }
}
