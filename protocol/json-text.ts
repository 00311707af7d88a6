/**
 * JSON as text. JavaScript's numbers hold 53 bits, so what is read by `JSON.parse` and written again may have changed:
 * 9007199254740993 ends in 2, and 1e400 is null. Bodies and ids of requests are therefore kept as they were written. All
 * functions here expect text that `JSON.parse` has accepted.
 */

/** Deepest nesting of a body: what every reader can parse, whatever its language and stack size. */
export const BODY_DEPTH_MAX = 100;

/** A body as its author wrote it. */
export interface BodyText {
  /** Without the white space between its tokens: a frame is one line. */
  readonly json: string;
  /** Levels of nesting; 0 for text, numbers, true, false and null. */
  readonly depth: number;
}

/** A number as it was written, where writing its JavaScript value would give another text. */
export class NumberText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Members of a frame that are kept as text; null where there is none. */
export interface KeptMembers {
  readonly id: string | null;
  readonly body: BodyText | null;
}

/** Where a value ends, and what was seen on the way. */
interface Span {
  readonly end: number;
  readonly depth: number;
  readonly isSpaced: boolean;
}

const NO_SPAN: Span = { end: 0, depth: 0, isSpaced: false };

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Finds `id` and `body` in the text of an object, reading each character once. Of members that repeat the last counts. */
export function keptMembers(text: string): KeptMembers {
  let id: string | null = null;
  let body: BodyText | null = null;
  const members = new Members(text);
  while (members.next()) {
    if (members.isNamed('body')) body = bodyOf(members);
    else if (members.isNamed('id')) id = members.value();
  }
  return { id, body };
}

// Not a method: the SDK does not need it, and a bundler removes only functions.
function bodyOf(members: Members): BodyText {
  const json = members.value();
  const { isSpaced, depth } = members.span;
  return { json: isSpaced ? withoutSpace(json) : json, depth };
}

/** Walks the members of an object's text. One object for the whole walk: each published message is read in this way. */
class Members {
  private readonly text: string;
  /** Where the next member begins, if there is one. */
  private at: number;
  private keyAt = 0;
  private keyEnd = 0;
  private start = 0;
  /** Of the value that it stands at. */
  span: Span = NO_SPAN;

  constructor(text: string) {
    this.text = text;
    this.at = afterSpace(text, text.indexOf('{') + 1);
  }

  /** Goes to the next member; false when there is none. */
  next(): boolean {
    const { text } = this;
    if (text.charCodeAt(this.at) !== QUOTE) return false;
    this.keyAt = this.at;
    this.keyEnd = stringEnd(text, this.keyAt);
    // One further for the colon.
    this.start = afterSpace(text, afterSpace(text, this.keyEnd) + 1);
    this.span = spanAt(text, this.start);
    const end = afterSpace(text, this.span.end);
    this.at = text.charCodeAt(end) === COMMA ? afterSpace(text, end + 1) : end;
    return true;
  }

  isNamed(name: string): boolean {
    return isKey(this.text, this.keyAt, this.keyEnd, name);
  }

  value(): string {
    return this.text.slice(this.start, this.span.end);
  }
}

/** Returns the text of a member's value in an object's text; null when there is none. Of repeated members the last counts. */
export function memberText(text: string, name: string): string | null {
  let found: string | null = null;
  const members = new Members(text);
  while (members.next()) if (members.isNamed(name)) found = members.value();
  return found;
}

/** Returns a member's value as it was written; null when there is none. */
export function memberBody(text: string, name: string): BodyText | null {
  let found: BodyText | null = null;
  const members = new Members(text);
  while (members.next()) if (members.isNamed(name)) found = bodyOf(members);
  return found;
}

/** Returns the text of each element of an array's text. */
export function elementTexts(text: string): string[] {
  const elements: string[] = [];
  let at = afterSpace(text, text.indexOf('[') + 1);
  while (at < text.length && text.charCodeAt(at) !== CLOSE_ARRAY) {
    const { end } = spanAt(text, at);
    elements.push(text.slice(at, end));
    at = afterSpace(text, end);
    if (text.charCodeAt(at) !== COMMA) break;
    at = afterSpace(text, at + 1);
  }
  return elements;
}

/**
 * Returns whether two texts are the same value: whatever the order of an object's members, the white space, the
 * escapes in strings, and the notation of numbers, which are compared digit by digit.
 */
export function isSameJson(one: string, other: string): boolean {
  return one === other || canonical(one) === canonical(other);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

function afterSpace(text: string, start: number): number {
  let at = start;
  while (isSpace(text.charCodeAt(at))) at++;
  return at;
}

/** Returns the place after the closing quote of the string that opens at `start`. */
function stringEnd(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end + 1;
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes++;
  return slashes % 2 === 1;
}

function isKey(text: string, start: number, end: number, name: string): boolean {
  if (end - start === name.length + 2) return text.startsWith(name, start + 1);
  // Longer than its name only when it is written with escapes.
  if (end - start < name.length + 2) return false;
  const slash = text.indexOf('\\', start);
  return slash !== -1 && slash < end && JSON.parse(text.slice(start, end)) === name;
}

function spanAt(text: string, start: number): Span {
  const first = text.charCodeAt(start);
  if (first === QUOTE) return { end: stringEnd(text, start), depth: 0, isSpaced: false };
  if (first !== OPEN_OBJECT && first !== OPEN_ARRAY) return scalarAt(text, start);
  let at = start;
  let level = 0;
  let depth = 0;
  let isSpaced = false;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = stringEnd(text, at);
      continue;
    }
    at++;
    if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
      level++;
      if (level > depth) depth = level;
    } else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) {
      level--;
      if (level === 0) break;
    } else if (isSpace(code)) isSpaced = true;
  }
  return { end: at, depth, isSpaced };
}

/** A number, true, false or null: up to what cannot be part of it. */
function scalarAt(text: string, start: number): Span {
  let end = start;
  while (end < text.length) {
    const code = text.charCodeAt(end);
    if (code === COMMA || code === CLOSE_OBJECT || code === CLOSE_ARRAY || isSpace(code)) break;
    end++;
  }
  return { end, depth: 0, isSpaced: false };
}

function withoutSpace(json: string): string {
  let compact = '';
  let at = 0;
  while (at < json.length) {
    const start = at;
    while (at < json.length && !isSpace(json.charCodeAt(at))) {
      at = json.charCodeAt(at) === QUOTE ? stringEnd(json, at) : at + 1;
    }
    compact += json.slice(start, at);
    at = afterSpace(json, at);
  }
  return compact;
}

/** Returns one text for all texts of the same value. */
function canonical(json: string): string {
  return new Canon(withoutSpace(json)).value();
}

class Canon {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  value(): string {
    const code = this.text.charCodeAt(this.at);
    if (code === QUOTE) return this.string();
    if (code === OPEN_OBJECT) return this.object();
    if (code === OPEN_ARRAY) return `[${this.parts(() => this.value()).join(',')}]`;
    const { end } = scalarAt(this.text, this.at);
    const scalar = this.text.slice(this.at, end);
    this.at = end;
    return /^[-\d]/.test(scalar) ? canonicalNumber(scalar) : scalar;
  }

  private string(): string {
    const end = stringEnd(this.text, this.at);
    const written = this.text.slice(this.at, end);
    this.at = end;
    return written.includes('\\') ? JSON.stringify(JSON.parse(written)) : written;
  }

  private object(): string {
    const members = new Map<string, string>();
    this.parts(() => {
      const key = this.string();
      this.at++; // the colon
      members.set(key, this.value());
    });
    const sorted = [...members.keys()].sort();
    return `{${sorted.map((key) => `${key}:${members.get(key) ?? ''}`).join(',')}}`;
  }

  /** Reads what stands between two brackets, part by part. */
  private parts<T>(part: () => T): T[] {
    const read: T[] = [];
    this.at++;
    while (this.at < this.text.length) {
      const code = this.text.charCodeAt(this.at);
      if (code === CLOSE_ARRAY || code === CLOSE_OBJECT) break;
      if (code === COMMA) this.at++;
      else read.push(part());
    }
    this.at++;
    return read;
  }
}

/** Digits without zeros at either end, and the power of ten that they are multiplied with: 1.50e3 is 15e2. */
function canonicalNumber(number: string): string {
  const [, sign = '', whole = '', fraction = '', power = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/.exec(number) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const significant = withoutZerosBehind(digits);
  if (significant === '') return '0';
  const moved = digits.length - significant.length - fraction.length;
  return `${sign}${significant}e${String(BigInt(power.replace('+', '')) + BigInt(moved))}`;
}

function withoutZerosBehind(digits: string): string {
  let end = digits.length;
  while (digits.charCodeAt(end - 1) === 0x30) end--;
  return digits.slice(0, end);
}
