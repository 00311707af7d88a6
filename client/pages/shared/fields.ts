import { isRecord } from '../../sdk/json.js';

/** Most entries that are read from one list. */
export const LIST_MAX = 200;

/** Most characters that are read from one text; a longer text is cut and ends in `…`. */
export const TEXT_MAX = 2_000;

/**
 * Fields of a JSON value that came from outside, read one by one: what is missing or of another kind reads as nothing,
 * so that a page that was left open over an upgrade still shows what it knows.
 */
export class Fields {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(value: unknown) {
    this.#values = isRecord(value) ? value : {};
  }

  /** The fields that are numbers by name, bounded by {@link LIST_MAX} and {@link TEXT_MAX}; others are 0. */
  get counts(): ReadonlyMap<string, number> {
    const names = Object.keys(this.#values).slice(0, LIST_MAX);
    return new Map(names.map((name) => [cut(name), this.count(name)]));
  }

  /** A text, bounded by {@link TEXT_MAX}; empty for anything else. */
  text(name: string): string {
    return this.textOrNull(name) ?? '';
  }

  /** A text, bounded by {@link TEXT_MAX}; null for anything else. */
  textOrNull(name: string): string | null {
    const value = this.#get(name);
    return typeof value === 'string' ? cut(value) : null;
  }

  /** A number; 0 for anything else. */
  count(name: string): number {
    return this.numberOrNull(name) ?? 0;
  }

  /** A number; null for anything else. */
  numberOrNull(name: string): number | null {
    const value = this.#get(name);
    return typeof value === 'number' && Number.isFinite(value) ? value : null;
  }

  /** Whether a field is true. */
  flag(name: string): boolean {
    return this.#get(name) === true;
  }

  /** A flag; null for anything else. */
  flagOrNull(name: string): boolean | null {
    const value = this.#get(name);
    return typeof value === 'boolean' ? value : null;
  }

  /** An ISO time as Unix milliseconds; null for anything else. */
  time(name: string): number | null {
    const value = Date.parse(this.text(name));
    return Number.isNaN(value) ? null : value;
  }

  /** The fields of an object; none for anything else. */
  of(name: string): Fields {
    return new Fields(this.#get(name));
  }

  /** Whether a field is an object. */
  has(name: string): boolean {
    return isRecord(this.#get(name));
  }

  /** The texts of a list, bounded by {@link LIST_MAX}; none for anything else. */
  texts(name: string): string[] {
    return this.#list(name)
      .filter((one) => typeof one === 'string')
      .map(cut);
  }

  /** The objects of a list, bounded by {@link LIST_MAX}; none for anything else. */
  rows(name: string): Fields[] {
    return this.#list(name)
      .filter(isRecord)
      .map((one) => new Fields(one));
  }

  #list(name: string): readonly unknown[] {
    const value = this.#get(name);
    return Array.isArray(value) ? value.slice(0, LIST_MAX) : [];
  }

  #get(name: string): unknown {
    return Object.hasOwn(this.#values, name) ? this.#values[name] : undefined;
  }
}

function cut(text: string): string {
  if (text.length <= TEXT_MAX) return text;
  // Do not cut a character in two.
  return `${text.slice(0, TEXT_MAX - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
