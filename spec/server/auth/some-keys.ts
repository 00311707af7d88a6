import { ApiKeys, type KeyFile, type KeyFileState } from '../../../server/auth/api-keys.js';
import { hashOf } from '../../../server/auth/secret.js';
import { VirtualClock } from '../../virtual-clock.js';

/** The keys of a server that has only `API_KEY`, or none. */
export function onlyKey(apiKey?: string): ApiKeys {
  return new ApiKeys({ apiKey, file: null, clock: new VirtualClock(), onRead: () => undefined });
}

/** Returns an entry of a key file; the key's name is the key itself. */
export function entryOf(key: string, fields: Readonly<Record<string, unknown>>): object {
  return { name: key, sha256: hashOf(key).toString('hex'), scopes: ['read'], ...fields };
}

/** A key file in memory. Each change of `text` changes its stamp. */
export class FakeKeyFile implements KeyFile {
  readonly path = 'keys.json';
  /** How often its text was read after the start. */
  reads = 0;
  private shown: string | null = null;
  private version = 0;

  constructor(...keys: readonly object[]) {
    this.put(...keys);
  }

  /** Writes the file; null removes it. */
  set text(text: string | null) {
    this.shown = text;
    this.version++;
  }

  put(...keys: readonly object[]): void {
    this.text = JSON.stringify({ keys });
  }

  readNow(): string {
    if (this.shown === null) throw new Error('there is no such file');
    return this.shown;
  }

  read(): Promise<string> {
    this.reads++;
    return Promise.resolve(this.readNow());
  }

  stamp(): Promise<string> {
    if (this.shown === null) return Promise.reject(new Error('there is no such file'));
    return Promise.resolve(String(this.version));
  }
}

/** The keys of a file, with their clock and the states that were reported. */
export function keysOf(file: FakeKeyFile) {
  const clock = new VirtualClock();
  const states: KeyFileState[] = [];
  const keys = new ApiKeys({ file, clock, onRead: (state) => states.push(state) });
  return { clock, states, keys };
}
