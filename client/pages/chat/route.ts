/** Thread shown when the address names none. */
export const DEFAULT_THREAD = 'lobby';

// The same rule as the protocol's `isThreadId`. Importing that would bundle the schema library for the browser.
const THREAD_ID = /^(?!\.{1,2}$)[A-Za-z0-9._:@-]{1,128}$/;

/** Whether a text is a valid thread id. */
export function isThread(text: string): boolean {
  return THREAD_ID.test(text);
}

/** Returns the thread that a location hash such as `#/t/lobby` names, or the default thread. */
export function threadOfHash(hash: string): string {
  const encoded = /^#\/t\/([^/]+)(?:\/\d+\/[^/]+)?$/.exec(hash)?.[1];
  if (encoded === undefined) return DEFAULT_THREAD;
  try {
    const thread = decodeURIComponent(encoded);
    return isThread(thread) ? thread : DEFAULT_THREAD;
  } catch {
    return DEFAULT_THREAD;
  }
}

/** Returns the location hash of a thread. */
export function hashOfThread(thread: string): string {
  return `#/t/${encodeURIComponent(thread)}`;
}

/** Where a message is: its offset, and its id to check that it is the same message. */
export interface MessagePlace {
  readonly offset: number;
  readonly mid: string;
}

/** Returns the message that a location hash such as `#/t/lobby/17/m1` names; null when it names none. */
export function messageOfHash(hash: string): MessagePlace | null {
  const [, offset, encoded] = /^#\/t\/[^/]+\/(\d{1,15})\/([^/]{1,800})$/.exec(hash) ?? [];
  if (offset === undefined || encoded === undefined) return null;
  try {
    return { offset: Number(offset), mid: decodeURIComponent(encoded) };
  } catch {
    return null;
  }
}

/** Returns the location hash of a message. */
export function hashOfMessage(thread: string, { offset, mid }: MessagePlace): string {
  return `${hashOfThread(thread)}/${String(offset)}/${encodeURIComponent(mid)}`;
}
