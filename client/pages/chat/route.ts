/** Thread shown when the address names none. */
export const DEFAULT_THREAD = 'lobby';

// As `isThreadId` of the protocol; restated because importing it would carry the schema library to the browser.
const THREAD_ID = /^[A-Za-z0-9._:@-]{1,128}$/;

/** Says whether a text can be a thread's id. */
export function isThread(text: string): boolean {
  return THREAD_ID.test(text);
}

/** Answers the thread that a location hash such as `#/t/lobby` names; the default for any other. */
export function threadOfHash(hash: string): string {
  const encoded = /^#\/t\/([^/]+)$/.exec(hash)?.[1];
  if (encoded === undefined) return DEFAULT_THREAD;
  try {
    const thread = decodeURIComponent(encoded);
    return isThread(thread) ? thread : DEFAULT_THREAD;
  } catch {
    return DEFAULT_THREAD;
  }
}

/** Answers the location hash of a thread. */
export function hashOfThread(thread: string): string {
  return `#/t/${encodeURIComponent(thread)}`;
}
