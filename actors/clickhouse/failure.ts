/** Makes a {@link StoreError} of the errors that `@clickhouse/client`, chdb and their sockets throw. */
import { codeOf } from '../../machines/error-code.js';
import { reasonOf } from '../../machines/reason.js';
import { StoreError, type StoreErrorCode } from './store.js';

/** Most characters of the engine's text in a reason: enough for its first sentence. */
export const DETAIL_MAX = 300;

/** Error codes of the engine that mean more than "this statement is wrong". */
const ENGINE_CODES: ReadonlyMap<number, StoreErrorCode> = new Map([
  [81, 'database'],
  [192, 'auth'],
  [193, 'auth'],
  [194, 'auth'],
  [516, 'auth'],
  [107, 'lost'],
  [159, 'timeout'],
  [202, 'busy']
]);

const REFUSED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN'
]);
const TIMED_OUT = new Set(['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT']);
const LOST = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED']);

/**
 * Returns the engine's error code, from `code` (new clients and servers) or from the text `Code: N` (old ones); null
 * when there is none.
 */
export function engineCodeOf(error: unknown): number | null {
  const code = codeOf(error);
  if (/^\d+$/.test(code)) return Number(code);
  const match = /\bCode: (\d+)/.exec(reasonOf(error));
  return match?.[1] === undefined ? null : Number(match[1]);
}

/** Returns the first line of a text, cut to {@link DETAIL_MAX}. */
export function detailOf(text: string): string {
  const line = text.trim().split('\n', 1)[0] ?? '';
  return line.length > DETAIL_MAX ? `${line.slice(0, DETAIL_MAX)}…` : line;
}

/** Returns the error for an address where something other than ClickHouse answers, such as a proxy's error page. */
export function foreignError(where: string, detail = ''): StoreError {
  return new StoreError(
    'foreign',
    `what answers at ${where} is not ClickHouse${detail === '' ? '' : ` (${detail})`}: start ClickHouse there or correct CLICKHOUSE_URL`
  );
}

/**
 * Makes a {@link StoreError} of anything thrown.
 * @param where the address or engine, for the reason, such as `db.example:8123`
 * @param mask removes secrets from text that comes from outside
 */
export function failureOf(
  error: unknown,
  where: string,
  mask: (text: string) => string = (text) => text
): StoreError {
  if (error instanceof StoreError) return error;
  const message = reasonOf(error);
  const detail = mask(detailOf(message));
  const code = codeOf(error);
  if (REFUSED.has(code)) {
    return new StoreError(
      'refused',
      `nothing answers at ${where} (${code}): start ClickHouse there or correct CLICKHOUSE_URL`
    );
  }
  if (TIMED_OUT.has(code) || /timeout error/i.test(message)) {
    return new StoreError('timeout', `${where} did not answer in time`);
  }
  if (LOST.has(code) || /socket hang up/i.test(message)) {
    return new StoreError('lost', `${where} closed the connection (${code || 'hang up'})`);
  }
  const engineCode = engineCodeOf(error);
  if (engineCode === null && /^\s*</.test(message)) return foreignError(where, detail);
  switch (engineCode === null ? undefined : ENGINE_CODES.get(engineCode)) {
    case 'auth':
      return new StoreError(
        'auth',
        `authentication failed at ${where} (code ${String(engineCode)}): correct user and password in CLICKHOUSE_URL`
      );
    case 'database':
      return new StoreError(
        'database',
        `the database does not exist at ${where} (code 81): create it or correct CLICKHOUSE_URL`
      );
    case 'lost':
      return new StoreError(
        'lost',
        `the files of ${where} are gone (code ${String(engineCode)}): ${detail}`
      );
    case 'timeout':
      return new StoreError('timeout', `${where} gave up the statement: ${detail}`);
    case 'busy':
      return new StoreError('busy', `${where} has too many queries running: ${detail}`);
    default:
      return new StoreError(
        'query',
        engineCode === null
          ? `${where} answered: ${detail}`
          : `${where} refused (code ${String(engineCode)}): ${detail}`
      );
  }
}
