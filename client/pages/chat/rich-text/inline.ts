/**
 * Parses the markup inside a paragraph: code, bold, emphasized and deleted words, links and addresses. A line break stays
 * one. HTML and entities are text.
 */
import {
  allowedAddress,
  angleAddress,
  bareAddressEnd,
  beginsAddress,
  destination,
  saysWhere,
  type Address
} from './address.js';
import { MarkRun, markedWords, type MarkCharacter, type Token } from './emphasis.js';
import type { Meter } from './meter.js';
import { inlineText, type Inline, type Link } from './tree.js';

/** Characters whose markup a backslash takes away. */
const ESCAPED = '\\`*_~[]()<>#+-.!|';
const MARKED_OFF = /^[\p{P}\p{S}]/u;

/** What a character beside a mark is; the end of a text counts as blank. */
type CharacterKind = 'blank' | 'punctuation' | 'word';

/** Parses the text of a paragraph. */
export function parseInline(text: string, meter: Meter): Inline[] {
  return new InlineParser(text, meter).parse();
}

class InlineParser {
  readonly #text: string;
  readonly #meter: Meter;
  #tokens: Token[] = [];
  /** For each `[` that is open: where its token stands. */
  #brackets: number[] = [];
  /** Where the runs of backticks are, by their length, the first last. Made when it is needed. */
  #backticks: Map<number, number[]> | null = null;
  #at = 0;
  /** Where the text begins that is in no token yet. */
  #from = 0;

  constructor(text: string, meter: Meter) {
    this.#text = text;
    this.#meter = meter;
  }

  parse(): Inline[] {
    const { length } = this.#text;
    while (this.#at < length) {
      this.#meter.spend(1);
      if (!this.#step(this.#text.charAt(this.#at))) this.#at += 1;
    }
    this.#flush();
    return markedWords(this.#tokens, this.#meter);
  }

  /** Takes what begins here. False when it is plain text. */
  #step(character: string): boolean {
    switch (character) {
      case '\\':
        return this.#escape();
      case '`':
        return this.#code();
      case '*':
      case '_':
      case '~':
        return this.#marks(character);
      case '!':
        return this.#text.charAt(this.#at + 1) === '[' && this.#openBracket(2);
      case '[':
        return this.#openBracket(1);
      case ']':
        return this.#closeBracket();
      case '<':
        return this.#angle();
      case 'h':
      case 'H':
      case 'm':
      case 'M':
        return beginsAddress(this.#text, this.#at) && this.#address();
      default:
        return false;
    }
  }

  /** Ends the plain text before this place, and goes on behind what was found. */
  #found(made: Inline, end: number): true {
    this.#flush();
    this.#tokens.push(made);
    return this.#goOn(end);
  }

  #flush(): void {
    if (this.#at === this.#from) return;
    const text = this.#text.slice(this.#from, this.#at);
    this.#tokens.push({ type: 'text', text });
    this.#from = this.#at;
  }

  #goOn(at: number): true {
    this.#at = at;
    this.#from = at;
    return true;
  }

  #escape(): boolean {
    const next = this.#text.charAt(this.#at + 1);
    if (next === '' || !ESCAPED.includes(next)) return false;
    return this.#found({ type: 'text', text: next }, this.#at + 2);
  }

  /** A run of backticks ends at the next one of the same length. */
  #code(): true {
    const length = this.#runLength('`');
    const from = this.#at + length;
    const ends = this.#backtickRuns().get(length) ?? [];
    while ((ends.at(-1) ?? Infinity) < from) ends.pop();
    const end = ends.at(-1);
    if (end === undefined) {
      this.#at = from;
      return true;
    }
    this.#meter.spend(end - from);
    const text = this.#text.slice(from, end).replaceAll('\n', ' ');
    const isPadded = text.startsWith(' ') && text.endsWith(' ') && text.trim() !== '';
    return this.#found({ type: 'code', text: isPadded ? text.slice(1, -1) : text }, end + length);
  }

  #backtickRuns(): Map<number, number[]> {
    if (this.#backticks !== null) return this.#backticks;
    const runs = new Map<number, number[]>();
    for (const { 0: run, index } of [...this.#text.matchAll(/`+/g)].toReversed()) {
      const known = runs.get(run.length);
      if (known === undefined) runs.set(run.length, [index]);
      else known.push(index);
    }
    this.#meter.spend(this.#text.length);
    return (this.#backticks = runs);
  }

  #marks(character: MarkCharacter): true {
    const length = this.#runLength(character);
    const end = this.#at + length;
    const before = kindBefore(this.#text, this.#at);
    const after = kindAfter(this.#text, end);
    let canOpen = after !== 'blank' && (after === 'word' || before !== 'word');
    let canClose = before !== 'blank' && (before === 'word' || after !== 'word');
    // Snake_case_names and 2*3*4 are not emphasized.
    if ((character === '_' || (character === '*' && length === 1)) && canOpen && canClose) {
      canOpen = before !== 'word';
      canClose = after !== 'word';
    }
    if ((character === '~' && length !== 2) || (!canOpen && !canClose)) {
      this.#at = end;
      return true;
    }
    this.#flush();
    this.#tokens.push(new MarkRun(character, length, canOpen, canClose));
    return this.#goOn(end);
  }

  #openBracket(length: number): true {
    this.#flush();
    this.#brackets.push(this.#tokens.length);
    const text = this.#text.slice(this.#at, this.#at + length);
    return this.#found({ type: 'text', text }, this.#at + length);
  }

  #closeBracket(): boolean {
    const open = this.#brackets.pop();
    if (open === undefined || this.#text.charAt(this.#at + 1) !== '(') return false;
    const found = destination(this.#text, this.#at + 1, this.#meter);
    if (found === null) return false;
    this.#flush();
    const inside = this.#tokens.splice(open).slice(1);
    this.#meter.spend(inside.length);
    const children = markedWords(inside.map(withoutLink), this.#meter);
    // A link holds no link, so what was open before it begins none.
    this.#brackets = [];
    return this.#found(link(found.address, children), found.end);
  }

  #angle(): boolean {
    const found = angleAddress(this.#text, this.#at, this.#meter);
    if (found === null) return false;
    return this.#found(link(found.address, [{ type: 'text', text: found.text }]), found.end);
  }

  #address(): true {
    const isInLink = this.#brackets.length > 0;
    const end = bareAddressEnd(this.#text, this.#at, isInLink, this.#meter);
    const text = this.#text.slice(this.#at, end);
    const address = allowedAddress(text);
    if (address !== null) return this.#found(link(address, [{ type: 'text', text }]), end);
    this.#at = Math.max(end, this.#at + 1);
    return true;
  }

  #runLength(character: string): number {
    let end = this.#at;
    while (this.#text.charAt(end) === character) end += 1;
    this.#meter.spend(end - this.#at);
    return end - this.#at;
  }
}

/** Makes a link. A text that is empty, or that does not say where the link leads, is completed. */
function link(address: Address, children: readonly Inline[]): Link {
  const text = inlineText(children);
  if (text.trim() === '') {
    const children = [{ type: 'text', text: address.href } as const];
    return { type: 'link', href: address.href, where: null, children };
  }
  const where = saysWhere(text, address) ? null : address.where;
  return { type: 'link', href: address.href, where, children };
}

/** Turns a link into its text, for what stands in another link. */
function withoutLink(token: Token): Token {
  return token.type === 'link' ? { type: 'text', text: inlineText(token.children) } : token;
}

function kindBefore(text: string, at: number): CharacterKind {
  const code = text.charCodeAt(at - 1);
  // The second half of a character of two code units.
  const isHalf = code >= 0xdc00 && code <= 0xdfff;
  return kindAfter(text, isHalf ? at - 2 : at - 1);
}

function kindAfter(text: string, at: number): CharacterKind {
  const code = text.codePointAt(at) ?? 0x20;
  if (isDigitOrLetter(code)) return 'word';
  const character = String.fromCodePoint(code);
  if (character.trim() === '') return 'blank';
  return code < 0x80 || MARKED_OFF.test(character) ? 'punctuation' : 'word';
}

function isDigitOrLetter(code: number): boolean {
  if (code >= 0x30 && code <= 0x39) return true;
  const lower = code | 0x20;
  return code < 0x80 && lower >= 0x61 && lower <= 0x7a;
}
