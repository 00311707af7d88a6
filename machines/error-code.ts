/**
 * Returns the `code` of a thrown value as text: `ENOENT` of the system, `WS_ERR_INVALID_UTF8` of a library, a number as
 * its digits. Empty when there is none. Error types of Rollcall have their own typed `code` and do not need this.
 */
export function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' || typeof error.code === 'number' ? String(error.code) : '';
}
