/**
 * Reads a `.env` file line by line. A line that could be read in two ways is refused, with its number and name: an open
 * quote would swallow the next lines, and a `#` would cut a secret off. No message repeats a value.
 */

import { OPERATOR_ERRORS } from '../../actors/operator-errors.js';

const { config_env_file } = OPERATOR_ERRORS;

/** Settings of a `.env` file, and its faults. When there is a fault, no value may be used. */
export interface EnvFile {
  readonly values: Readonly<Record<string, string>>;
  /** One sentence per fault, in the order of the lines. */
  readonly faults: readonly string[];
}

const LINE = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*=\s*(.*)$/;
const QUOTES = ['"', "'", '`'];

/**
 * Parses the text of a `.env` file. A line is empty, a comment (`# …`), or `NAME=value`, with or without `export`
 * before it. A value has no quotes, or quotes (`"`, `'` or a backtick) that are closed on the same line; nothing inside
 * is replaced. A comment may follow a value after white space. Never throws.
 */
export function parseEnvFile(text: string): EnvFile {
  const values: Record<string, string> = {};
  const lineOf = new Map<string, number>();
  const faults: string[] = [];
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  for (const [index, raw] of lines.entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const number = index + 1;
    const [, name, rest] = LINE.exec(line) ?? [];
    if (name === undefined || rest === undefined) {
      faults.push(
        `${config_env_file.message} ${String(number)}: it is neither NAME=value nor a comment; correct or remove it`
      );
      continue;
    }
    const at = `${config_env_file.message} ${String(number)}, ${name}`;
    const first = lineOf.get(name);
    if (first !== undefined) {
      faults.push(`${at}: line ${String(first)} sets it too; remove one of them`);
      continue;
    }
    lineOf.set(name, number);
    const value = readValue(rest);
    if (value.ok) values[name] = value.text;
    else faults.push(`${at}: ${value.why}`);
  }
  return { values, faults };
}

type Value =
  { readonly ok: true; readonly text: string } | { readonly ok: false; readonly why: string };

function readValue(rest: string): Value {
  const quote = QUOTES.find((mark) => rest.startsWith(mark));
  if (quote === undefined) return readBare(rest);
  const end = rest.indexOf(quote, 1);
  if (end === -1) {
    return {
      ok: false,
      why: `the quote ${quote} is not closed on this line; close it (a value is one line)`
    };
  }
  if (!/^(\s+#.*|\s*)$/.test(rest.slice(end + 1))) {
    return {
      ok: false,
      why: `there is text behind the closing ${quote}; put the whole value into quotes that it does not contain`
    };
  }
  return { ok: true, text: rest.slice(1, end) };
}

function readBare(rest: string): Value {
  const text = rest.replace(/(^|\s+)#.*$/, '');
  // A `#` directly after a character: other readers of such files cut the value off there.
  if (text.includes('#')) {
    return {
      ok: false,
      why: 'a # stands in a value without quotes; put the value into quotes, or white space before the # of a comment'
    };
  }
  return { ok: true, text };
}
