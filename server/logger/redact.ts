/**
 * Masks secrets for people and log collectors. The mask does not even show a secret's length. Print-outs of the
 * configuration and every log line use it.
 */

/** Replaces a secret. */
export const MASK = '••••';

/** Longest text kept whole in a log field, in characters; a longer one is cut and says by how much. */
export const FIELD_TEXT_MAX = 8192; // a stack trace fits, a pasted document does not

/** Most entries kept of one array or object in a log field; the rest is counted. */
export const FIELD_ENTRIES_MAX = 50; // lines stay readable and below the size limits of log collectors

/** Deepest nesting kept in a log field. */
export const FIELD_DEPTH_MAX = 6; // deeper than any field that Rollcall logs; it also stops endless nesting

const SECRET_NAME =
  /^(cookie|setcookie|authorization|proxyauthorization|credentials?|jwt|bearer)$|(token|ticket|password|passwd|passphrase|secret|apikey|privatekey)$/;
// The scheme has a limit: without it, 64 kB of `a-a-a-…` would be scanned to the end from each word, for seconds.
const URL_SECRET = /\b([a-z][a-z0-9+.-]{0,31}:\/\/[^\s/?#:@]*):[^\s/?#]*@/gi;
const QUERY_SECRET = /([?&](?:access_?token|token|ticket|password|secret|api_?key|key)=)[^&#\s]+/gi;
const BEARER = /\b(bearer)([ .]+)[A-Za-z0-9._~+/=-]+/gi;

/** Returns whether a field of this name holds a secret, in any spelling (`apiKey`, `API_KEY`, `x-api-key`). */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name.replaceAll(/[^A-Za-z0-9]/g, '').toLowerCase());
}

/** Masks passwords in URLs, secret query parameters and bearer tokens anywhere in a text. */
export function maskText(text: string): string {
  return text
    .replaceAll(URL_SECRET, `$1:${MASK}@`)
    .replaceAll(QUERY_SECRET, `$1${MASK}`)
    .replaceAll(BEARER, `$1$2${MASK}`);
}

/**
 * Returns any value as plain data that is safe to log: secrets are masked at any depth, errors become objects, and
 * cycles, depth, width and length are limited. It never throws, whatever getters or `toJSON` do.
 */
export function redact(value: unknown): unknown {
  try {
    return plain(value, 0, []);
  } catch (error) {
    return `[unreadable: ${error instanceof Error ? error.message : 'it throws'}]`;
  }
}

function plain(value: unknown, depth: number, above: readonly object[]): unknown {
  switch (typeof value) {
    case 'string':
      return cut(maskText(value));
    case 'bigint':
      return value.toString();
    case 'function':
    case 'symbol':
      return `[${typeof value}]`;
    case 'object':
      return value === null ? null : plainObject(value, depth, above);
    default:
      return value;
  }
}

function plainObject(value: object, depth: number, above: readonly object[]): unknown {
  if (above.includes(value)) return '[circular]';
  if (depth >= FIELD_DEPTH_MAX) return '[deeper]';
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof URL) return cut(maskText(value.href));
  if (ArrayBuffer.isView(value)) return `[${String(value.byteLength)} bytes]`;
  const path = [...above, value];
  if (Array.isArray(value) || value instanceof Set) {
    const kept: unknown[] = [];
    for (const item of value) {
      if (kept.length === FIELD_ENTRIES_MAX) {
        kept.push('[more]');
        break;
      }
      kept.push(plain(item, depth + 1, path));
    }
    return kept;
  }
  const kept: Record<string, unknown> = {};
  let count = 0;
  for (const [name, item] of entriesOf(value)) {
    if (count === FIELD_ENTRIES_MAX) {
      kept['more'] = '[more]';
      break;
    }
    count += 1;
    kept[name] =
      item !== undefined && item !== null && isSecretName(name)
        ? MASK
        : plain(item, depth + 1, path);
  }
  return kept;
}

function entriesOf(value: object): Iterable<[string, unknown]> {
  if (value instanceof Map) {
    return Array.from(value, ([name, item]: [unknown, unknown]) => [String(name), item]);
  }
  if (value instanceof Error) {
    // The fields of an error are not enumerable; without this a log line would show {}.
    const { name, message, stack, cause, ...more } = value;
    return Object.entries({
      name,
      message,
      ...more,
      ...(cause === undefined ? {} : { cause }),
      stack
    });
  }
  return Object.entries(value);
}

function cut(text: string): string {
  if (text.length <= FIELD_TEXT_MAX) return text;
  return `${text.slice(0, FIELD_TEXT_MAX)}… (${String(text.length - FIELD_TEXT_MAX)} more characters)`;
}
