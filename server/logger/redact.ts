/**
 * What may not be read by eyes or log collectors: secrets are replaced by a mark that tells nothing about them,
 * not even their length. Used for configuration print-outs and for every log line.
 */

/** Stands where a secret was. */
export const MASK = '••••';

/** Longest string that is kept whole in a log field, in characters; longer ones are cut and say by how much. */
export const FIELD_TEXT_MAX = 8192; // a stack trace fits, a pasted document does not

/** Most entries of one array or object that are kept in a log field; the rest is counted. */
export const FIELD_ENTRIES_MAX = 50; // a line stays readable and below the size limits of log collectors

/** Deepest nesting that is kept in a log field. */
export const FIELD_DEPTH_MAX = 6; // deeper than any field that Rollcall logs; ends what has no end

const SECRET_NAME =
  /^(cookie|setcookie|authorization|proxyauthorization|credentials?|jwt|bearer)$|(token|password|passwd|passphrase|secret|apikey|privatekey)$/;
// The scheme is bounded: without that, 64 kB of `a-a-a-…` are gone through from each of its words to the end, for seconds.
const URL_SECRET = /\b([a-z][a-z0-9+.-]{0,31}:\/\/[^\s/?#:@]*):[^\s/?#]*@/gi;
const QUERY_SECRET = /([?&](?:access_?token|token|password|secret|api_?key|key)=)[^&#\s]+/gi;
const BEARER = /\b(bearer)([ .]+)[A-Za-z0-9._~+/=-]+/gi;

/** Tells whether a field of this name holds a secret, in any spelling (`apiKey`, `API_KEY`, `x-api-key`). */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name.replaceAll(/[^A-Za-z0-9]/g, '').toLowerCase());
}

/** Masks passwords inside URLs, secret query parameters and bearer tokens wherever they stand in a text. */
export function maskText(text: string): string {
  return text
    .replaceAll(URL_SECRET, `$1:${MASK}@`)
    .replaceAll(QUERY_SECRET, `$1${MASK}`)
    .replaceAll(BEARER, `$1$2${MASK}`);
}

/**
 * Turns any value into plain data that is safe to log: secrets masked at any depth, errors spelt out, cycles, depth,
 * width and length bounded. It never throws, whatever getters or `toJSON` do.
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
    // An error's own words are not enumerable; without them a log line would say {}.
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
