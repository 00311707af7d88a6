import { isRecord, parsedJson } from '../json.js';

/** A message that waits for its ack, as it is kept. */
export interface StoredMessage {
  readonly thread: string;
  readonly mid: string;
  /** When it was sent, in Unix milliseconds; no two of one client are the same. */
  readonly at: number;
  readonly kind?: string;
  readonly expect?: 'delivered' | 'stored';
  /** Any JSON value. */
  readonly body: unknown;
}

/**
 * Keeps messages that have no ack yet from one session of the application to the next. Give each user one of their own:
 * what is kept is sent by whoever connects with it. What fails is told as an `error` event with the code `storage`.
 */
export interface OutboxStorage {
  /** Answers what is kept, in any order. */
  load(): readonly StoredMessage[] | Promise<readonly StoredMessage[]>;
  put(message: StoredMessage): void | Promise<void>;
  /** Forgets a message that was put; ids are unique in a thread only. */
  remove(thread: string, mid: string): void | Promise<void>;
}

/** What is used of `localStorage` and `sessionStorage`. */
export interface WebStorage {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/**
 * Keeps messages in a browser's storage, one item each. Two tabs with the same `name` may both send what is kept: the
 * server stores each `mid` once.
 * @param name of this user's outbox: no other's items are looked at
 */
export function webOutboxStorage(storage: WebStorage, name: string): OutboxStorage {
  // Encoded, so that no name is the beginning of another's.
  const prefix = `${encodeURIComponent(name)}:`;
  const keyOf = (thread: string, mid: string): string => `${prefix}${thread} ${mid}`;
  return {
    load: () => {
      const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index));
      return keys.flatMap((key) => {
        if (key?.startsWith(prefix) !== true) return [];
        const message = storedMessage(parsedJson(storage.getItem(key) ?? ''));
        // Damaged, or of another version: it can be sent by nobody, and would be in the way for ever.
        if (message === null) storage.removeItem(key);
        return message ?? [];
      });
    },
    put: (message) => {
      storage.setItem(keyOf(message.thread, message.mid), JSON.stringify(message));
    },
    remove: (thread, mid) => {
      storage.removeItem(keyOf(thread, mid));
    }
  };
}

/** Reads a message that was kept; null when the value is none. */
export function storedMessage(value: unknown): StoredMessage | null {
  if (!isRecord(value)) return null;
  const { thread, mid, at, kind, expect, body } = value;
  if (typeof thread !== 'string' || typeof mid !== 'string' || !Number.isFinite(at)) return null;
  if (typeof at !== 'number') return null;
  if (kind !== undefined && typeof kind !== 'string') return null;
  if (expect !== undefined && expect !== 'delivered' && expect !== 'stored') return null;
  if (body === undefined) return null;
  return {
    thread,
    mid,
    at,
    ...(kind === undefined ? {} : { kind }),
    ...(expect === undefined ? {} : { expect }),
    body
  };
}
