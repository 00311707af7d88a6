/**
 * Finds keys that were altered without being out of order. Their rows would be missing, and nothing else would tell: a
 * thread whose record is missing would begin anew over its messages, and one whose newest message is missing would give
 * its offset again.
 */
import type { LogKey } from '../log-keys.js';
import { decodeKey } from '../log-store.js';
import type { PageRow } from './pages/log-pages.js';

const ENTRY = 'e'.charCodeAt(0);
const MID = 'm'.charCodeAt(0);
/** The first byte of a text in a key is not below this, that of a number is. */
const TEXT = 0x20;
/** Bytes of a frame that say which message it is. */
const FRAME_BYTES = 256;
const FRAME = /^\{"type":"message","thread":"([^"]*)","offset":(\d+),/;

/** Parts of keys behind their tags. */
const FORMS: Readonly<Record<string, readonly ('string' | 'number')[] | undefined>> = {
  e: ['string', 'number'],
  t: ['string'],
  u: ['string', 'string'],
  l: ['string', 'number', 'string'],
  w: ['string', 'string'],
  d: ['string'],
  h: ['string'],
  r: ['string', 'string', 'string'],
  p: ['string'],
  f: ['number'],
  o: ['string', 'number', 'number'],
  q: ['number'],
  v: ['string', 'string']
};
/** Second part of keys of the log's own rows. */
const OWN = new Set(['log', 'run', 'fence', 'feed', 'wal', 'order']);

/** Takes the rows of a log in the order of their keys, and reports what cannot be. */
export class KeyCheck {
  readonly #onHole: (what: string) => void;
  /** Threads that have messages, and of which no record was met. */
  readonly #threads = new Set<string>();
  /** What the keys of the messages of the thread in hand begin with. */
  #prefix: Buffer | null = null;
  /** The newest message of that thread so far. */
  #newest: PageRow | null = null;

  constructor(onHole: (what: string) => void) {
    this.#onHole = onHole;
  }

  take(row: PageRow): void {
    const { key } = row;
    if (this.#prefix !== null) {
      const { length } = this.#prefix;
      if (key.length > length && key.compare(this.#prefix, 0, length, 0, length) === 0) {
        this.#newest = row;
        return;
      }
      this.#endThread();
    }
    if (key[0] === ENTRY) this.#beginThread(row);
    else if (key[0] === MID) this.#mid(key);
    else this.#other(decodeKey(key));
  }

  /** Reports the threads without a record. */
  end(): void {
    this.#endThread();
    for (const thread of this.#threads) this.#onHole(`the record of thread ${thread} is missing`);
  }

  #beginThread(row: PageRow): void {
    const thread = this.#message(row);
    if (thread === null) return;
    this.#prefix = Buffer.from(row.key.subarray(0, row.key.indexOf(0, 2) + 1));
    this.#threads.add(thread);
  }

  #endThread(): void {
    if (this.#newest !== null) this.#message(this.#newest);
    this.#newest = null;
    this.#prefix = null;
  }

  /** The thread of a message; null when it is not the message that its key says. */
  #message({ key, value }: PageRow): string | null {
    const place = decodeKey(key);
    const frame = FRAME.exec(value.toString('latin1', 0, FRAME_BYTES));
    if (place !== null && isForm(place)) {
      const [, thread, offset] = place;
      // A frame that does not begin like one is for its checksum to find.
      if (frame === null || (frame[1] === thread && frame[2] === String(offset))) {
        return String(thread);
      }
    }
    this.#onHole('a message has the key of another one');
    return null;
  }

  /** Keys of mids, of which there are as many as of messages, are not decoded. */
  #mid(key: Buffer): void {
    const thread = key.indexOf(0, 2) + 1;
    if (thread === 0 || (key[thread] ?? 0) < TEXT) this.#onHole('a row has the key of none');
  }

  #other(key: LogKey | null): void {
    if (key === null || !isForm(key)) this.#onHole('a row has the key of none');
    else if (key[0] === 't') this.#threads.delete(String(key[1]));
  }
}

function isForm([tag, ...parts]: LogKey): boolean {
  if (tag === 'x') return OWN.has(String(parts[0]));
  const form = FORMS[tag];
  if (form?.length !== parts.length) return false;
  return form.every((kind, index) => typeof parts[index] === kind);
}
