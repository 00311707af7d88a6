import { isRecord, parsedJson } from '../json.js';
import { hasSentFields, sentFields, type SentFields } from './sent-fields.js';

/** A message without an ack, as a storage keeps it. */
export interface StoredMessage extends SentFields {
  readonly thread: string;
  readonly mid: string;
  /** Time of sending in Unix milliseconds, unique within one client. */
  readonly at: number;
  /** Any JSON value. */
  readonly body: unknown;
}

/**
 * Stores messages without an ack for the application's next session. Give each user a storage of their own:
 * its messages are sent in the name of the user who connects with it. Failures become `error` events with the code `storage`.
 */
export interface OutboxStorage {
  /** Returns all stored messages, in any order. */
  load(): readonly StoredMessage[] | Promise<readonly StoredMessage[]>;
  put(message: StoredMessage): void | Promise<void>;
  /** Deletes a stored message; ids are unique only within a thread. */
  remove(thread: string, mid: string): void | Promise<void>;
}

/** The part of `localStorage` and `sessionStorage` that is used. */
export interface WebStorage {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/**
 * Stores messages in a browser's storage, one item each. Two tabs with the same `name` may both send them: the
 * server stores each `mid` once.
 * @param name of this user's outbox; items of other names are not read
 */
export function webOutboxStorage(storage: WebStorage, name: string): OutboxStorage {
  // Encoded, so that no name is a prefix of another.
  const prefix = `${encodeURIComponent(name)}:`;
  const keyOf = (thread: string, mid: string): string => `${prefix}${thread} ${mid}`;
  return {
    load: () => {
      const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index));
      return keys.flatMap((key) => {
        if (key?.startsWith(prefix) !== true) return [];
        const message = storedMessage(parsedJson(storage.getItem(key) ?? ''));
        // Damaged or of another version: it can never be sent, so it is removed.
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

/** Reads a stored message; null when the value is not one. */
export function storedMessage(value: unknown): StoredMessage | null {
  if (!isRecord(value)) return null;
  const { thread, mid, at, body } = value;
  if (typeof thread !== 'string' || typeof mid !== 'string' || !Number.isFinite(at)) return null;
  if (typeof at !== 'number') return null;
  if (body === undefined || !hasSentFields(value)) return null;
  return { thread, mid, at, ...sentFields(value), body };
}
