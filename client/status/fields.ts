/** Entries of one list that are read; a page has no use for more. */
export const LIST_MAX = 200;

/**
 * Fields of a JSON value that came from outside, read one by one: what is missing or of another kind reads as nothing,
 * so that a page that was left open over an upgrade still shows what it knows.
 */
export class Fields {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(value: unknown) {
    this.#values = isObject(value) ? value : {};
  }

  /** Names of all fields, bounded by {@link LIST_MAX}. */
  get names(): string[] {
    return Object.keys(this.#values).slice(0, LIST_MAX);
  }

  /** A text; empty for anything else. */
  text(name: string): string {
    return this.textOrNull(name) ?? '';
  }

  /** A text; null for anything else. */
  textOrNull(name: string): string | null {
    const value = this.#get(name);
    return typeof value === 'string' ? value : null;
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
    return isObject(this.#get(name));
  }

  /** The texts of a list, bounded by {@link LIST_MAX}; none for anything else. */
  texts(name: string): string[] {
    return this.#list(name).filter((one) => typeof one === 'string');
  }

  /** The objects of a list, bounded by {@link LIST_MAX}; none for anything else. */
  rows(name: string): Fields[] {
    return this.#list(name)
      .filter(isObject)
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

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
