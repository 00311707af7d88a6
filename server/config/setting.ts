/** Kinds of settings: which values they allow, and how a value is read and shown. The settings are in `settings.ts`. */
import { MASK, maskText } from '../logger/redact.js';

/** Where the server runs; decides some defaults and which values are refused. */
export type Environment = 'development' | 'staging' | 'production';

/** What a default may depend on. */
export interface Deployment {
  readonly environment: Environment;
  /** Whether standard output is a terminal. */
  readonly isTerminal: boolean;
}

/** A value, or why it could not be read. */
export type Parsed<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why?: string };

/** One setting: everything that parsing, `rollcall check`, `--help` and the documentation need of it. */
export interface Setting<T> {
  /** Name in the environment; the flag has the same name in kebab case. */
  readonly name: string;
  /** Its purpose, in one phrase. */
  readonly doc: string;
  /** The allowed values, as text. */
  readonly allowed: string;
  /** Whether no part of the value may be printed. */
  readonly secret: boolean;
  /** The default, as text. */
  readonly fallbackText: string;
  fallback(where: Deployment): T;
  parse(text: string): Parsed<T>;
  /** Returns the value as text that may be printed. */
  show(value: T): string;
}

/** A default that depends on the deployment, and its text. */
export interface Varying<T> {
  readonly text: string;
  of(where: Deployment): T;
}

/** Texts that every kind of setting needs. */
interface Words<T> {
  readonly name: string;
  readonly doc: string;
  readonly fallback: T | Varying<T>;
}

function fallbackOf<T extends string | number | boolean>(
  fallback: T | Varying<T>
): Pick<Setting<T>, 'fallback' | 'fallbackText'> {
  return typeof fallback === 'object'
    ? { fallbackText: fallback.text, fallback: (where) => fallback.of(where) }
    : { fallbackText: String(fallback), fallback: () => fallback };
}

/** One of a few exact words. */
export function choice<const T extends string>(
  values: readonly T[],
  words: Words<NoInfer<T>>
): Setting<T> {
  return {
    name: words.name,
    doc: words.doc,
    ...fallbackOf<T>(words.fallback),
    allowed: oneOf(values),
    secret: false,
    parse(text) {
      const value = values.find((known) => known === text);
      return value === undefined ? { ok: false } : { ok: true, value };
    },
    show: (value) => value
  };
}

/** `true` or `false` in any case; nothing else. */
export function flag(words: Words<boolean>): Setting<boolean> {
  return {
    name: words.name,
    doc: words.doc,
    ...fallbackOf<boolean>(words.fallback),
    allowed: 'true or false',
    secret: false,
    parse(text) {
      const lower = text.toLowerCase();
      return lower === 'true' || lower === 'false'
        ? { ok: true, value: lower === 'true' }
        : { ok: false };
    },
    show: String
  };
}

/** Limits of a whole number. `zero` is the meaning of 0 when it is allowed outside `min`..`max`. */
interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly unit?: string;
  readonly zero?: string;
}

/** A whole number within limits, written in digits only. */
export function integer(bounds: Bounds, words: Words<number>): Setting<number> {
  return {
    name: words.name,
    doc: words.doc,
    ...fallbackOf<number>(words.fallback),
    allowed: boundsText(bounds),
    secret: false,
    parse: (text) => parseInteger(text, bounds),
    show: (value) =>
      value === 0 && bounds.zero !== undefined ? `0 (${bounds.zero})` : String(value)
  };
}

/** A whole number that may be unset. */
export function optionalInteger(
  bounds: Bounds,
  words: { name: string; doc: string; fallbackText: string }
): Setting<number | undefined> {
  return {
    ...words,
    allowed: boundsText(bounds),
    secret: false,
    fallback: () => undefined,
    parse: (text) => parseInteger(text, bounds),
    show: (value) => (value === undefined ? words.fallbackText : String(value))
  };
}

/** Text that matches a pattern and is never empty. */
export function text(
  pattern: RegExp,
  allowed: string,
  words: { name: string; doc: string; fallback: string }
): Setting<string> {
  return {
    name: words.name,
    doc: words.doc,
    allowed,
    secret: false,
    fallbackText: words.fallback,
    fallback: () => words.fallback,
    parse: (value) => (pattern.test(value) ? { ok: true, value } : { ok: false }),
    show: (value) => value
  };
}

/** Text that matches a pattern; unset by default. */
export function optionalText(
  pattern: RegExp,
  allowed: string,
  words: { name: string; doc: string }
): Setting<string | undefined> {
  return {
    ...words,
    allowed,
    secret: false,
    fallbackText: 'none',
    fallback: () => undefined,
    parse: (value) => (pattern.test(value) ? { ok: true, value } : { ok: false }),
    show: (value) => value ?? 'none'
  };
}

/** A path to a file; unset by default. */
export function filePath(words: { name: string; doc: string }): Setting<string | undefined> {
  return optionalText(/^\P{Cc}+$/u, 'a path to a file', words);
}

/** A share from 0 to 1, as a decimal number. */
export function share(words: Words<number>): Setting<number> {
  return {
    name: words.name,
    doc: words.doc,
    ...fallbackOf<number>(words.fallback),
    allowed: 'a number from 0 to 1',
    secret: false,
    parse(value) {
      const number = /^[0-9]{1,3}(\.[0-9]{1,15})?$/.test(value) ? Number(value) : NaN;
      return number >= 0 && number <= 1 ? { ok: true, value: number } : { ok: false };
    },
    show: String
  };
}

/** A secret in visible ASCII, which passes through headers and shells unchanged; unset by default. */
export function secret(words: { name: string; doc: string }): Setting<string | undefined> {
  return {
    ...words,
    allowed: 'visible ASCII characters without white space',
    secret: true,
    fallbackText: 'none',
    fallback: () => undefined,
    parse: (value) =>
      /^[\x21-\x7e]+$/.test(value)
        ? { ok: true, value }
        : {
            ok: false,
            ...(value.trim() === value ? {} : { why: 'it begins or ends with white space' })
          },
    show: (value) => (value === undefined ? 'none' : MASK)
  };
}

/**
 * An http or https URL, or one of `keywords`; unset by default. Its password is never printed, nor is a user without one,
 * which may be a token.
 */
export function httpUrl<const K extends string = never>(words: {
  name: string;
  doc: string;
  fallbackText: string;
  form: string;
  keywords?: readonly K[];
}): Setting<URL | K | undefined> {
  const keywords = words.keywords ?? [];
  return {
    name: words.name,
    doc: words.doc,
    allowed: [...keywords, words.form].join(' or '),
    secret: false,
    fallbackText: words.fallbackText,
    fallback: () => undefined,
    parse(value) {
      const keyword = keywords.find((known) => known === value);
      if (keyword !== undefined) return { ok: true, value: keyword };
      if (!/^https?:\/\/[^/]/i.test(value) || !URL.canParse(value)) return { ok: false };
      return { ok: true, value: new URL(value) };
    },
    show(value) {
      if (value === undefined) return words.fallbackText;
      return typeof value === 'string' ? value : maskText(withoutToken(value).href);
    }
  };
}

/** A comma-separated list without empty items. `item` reads one item and returns undefined when it is not valid. */
export function list(
  item: (text: string) => string | undefined,
  allowed: string,
  words: {
    name: string;
    doc: string;
    fallback: readonly string[] | ((where: Deployment) => readonly string[]);
    fallbackText: string;
  }
): Setting<readonly string[]> {
  const { fallback } = words;
  return {
    name: words.name,
    doc: words.doc,
    allowed,
    secret: false,
    fallbackText: words.fallbackText,
    fallback: (where) => (typeof fallback === 'function' ? fallback(where) : fallback),
    parse(value) {
      const items: string[] = [];
      for (const part of value.split(',')) {
        const read = item(part.trim());
        if (read === undefined) {
          return {
            ok: false,
            why: part.trim() === '' ? 'an item is empty' : `see "${part.trim()}"`
          };
        }
        items.push(read);
      }
      return { ok: true, value: items };
    },
    show: (value) => (value.length === 0 ? words.fallbackText : value.join(','))
  };
}

function withoutToken(url: URL): URL {
  if (url.username === '' || url.password !== '') return url;
  const masked = new URL(url);
  // The mask, which comes for any password.
  masked.username = '';
  masked.password = 'x';
  return masked;
}

function oneOf(values: readonly string[]): string {
  return values.length < 2
    ? values.join('')
    : `${values.slice(0, -1).join(', ')} or ${values.at(-1) ?? ''}`;
}

function boundsText({ min, max, unit, zero }: Bounds): string {
  const range = `a whole number from ${String(min)} to ${String(max)}`;
  return `${range}${unit === undefined ? '' : ` ${unit}`}${zero === undefined ? '' : `, or 0 = ${zero}`}`;
}

function parseInteger(digits: string, { min, max, zero }: Bounds): Parsed<number> {
  if (!/^[0-9]{1,15}$/.test(digits)) return { ok: false };
  const value = Number(digits);
  const inside = value >= min && value <= max;
  return inside || (value === 0 && zero !== undefined) ? { ok: true, value } : { ok: false };
}
