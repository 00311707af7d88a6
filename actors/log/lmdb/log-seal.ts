/**
 * The checksum of a row. It stands behind the row's text and covers the key too, so that a changed bit is noticed in
 * either, and a value that lies under another key. The store adds and checks it; nobody else sees it.
 */
import { crc32 } from 'node:zlib';
import type { LogKey } from './log-keys.js';

/** Separates a text from its checksum. JSON text and the other texts of the log do not end like this by themselves. */
const SEPARATOR = '\n';
const DIGITS = 8;
const SEAL_CHARS = SEPARATOR.length + DIGITS;
const SEAL = /^\n[0-9a-f]{8}$/;

/** What is stored for a text. */
export function seal(key: LogKey, text: string): string {
  return text + SEPARATOR + checksum(key, text).toString(16).padStart(DIGITS, '0');
}

/** The text of what was stored under a key; null when it was altered, or has no checksum. */
export function unseal(key: LogKey, stored: string): string | null {
  const end = stored.length - SEAL_CHARS;
  if (end < 0 || stored[end] !== SEPARATOR) return null;
  const text = stored.slice(0, end);
  return Number.parseInt(stored.slice(-DIGITS), 16) === checksum(key, text) ? text : null;
}

/** Whether what was stored ends like a checksum, right or wrong. Logs below format 3 have rows without one. */
export function isSealed(stored: string): boolean {
  return SEAL.test(stored.slice(-SEAL_CHARS));
}

function checksum(key: LogKey, text: string): number {
  return crc32(text, crc32(key.join('\n')));
}
