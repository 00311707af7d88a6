/** Decides which addresses become links, and finds where an address ends. */
import type { Meter } from './meter.js';

/** Longest address that becomes a link, in characters. Longer ones stay text. */
export const ADDRESS_MAX = 2_048;

/** Deepest parentheses inside an address. With more, texts such as `[a](b[a](b…` would take quadratic time. */
const PARENTHESES_MAX = 3;

const ALLOWED = /^(?:https?:\/\/[^/]|mailto:[^@]+@)/i;
const MAIL_ADDRESS = /^[\w.+-]+@[\w-]+(?:\.[\w-]+)+$/;
/** No address holds blanks, controls, or characters that turn the direction of writing. */
const OUTSIDE = /[\s\p{Cc}\p{Bidi_Control}]/u;
const SENTENCE_MARKS = '.,;:!?)]}*_~';

/** An address that may be linked. */
export interface Address {
  /** As the browser understands it: a host is in ASCII. */
  readonly href: string;
  /** The host, or the mail address. */
  readonly where: string;
}

/**
 * Returns an address that may be linked, or null: only http, https and mailto, and no user name before a host, because
 * `https://bank.example@evil.example` reads like another address than it is.
 */
export function allowedAddress(written: string): Address | null {
  if (written.length > ADDRESS_MAX || !ALLOWED.test(written) || OUTSIDE.test(written)) return null;
  const url = parsed(written);
  if (url === null) return null;
  if (url.protocol === 'mailto:') return { href: url.href, where: url.pathname };
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return null;
  if (url.username !== '' || url.password !== '') return null;
  return { href: url.href, where: url.host };
}

/** Does without `URL.canParse`: in Node 20, once it is compiled, it refuses hosts with Latin letters beyond ASCII. */
function parsed(written: string): URL | null {
  try {
    return new URL(written);
  } catch {
    return null;
  }
}

/** Whether a text begins with the address that it leads to, so that its reader is told nothing else. */
export function saysWhere(text: string, { where }: Address): boolean {
  const bare = text
    .trim()
    .toLowerCase()
    .replace(/^(?:https?:\/\/|mailto:)/, '');
  return bare.startsWith(where.toLowerCase()) && /^(?:[/?#]|$)/.test(bare.slice(where.length));
}

/** Whether an address begins here, in the middle of a text. */
export function beginsAddress(text: string, at: number): boolean {
  if (/[a-z0-9]/i.test(text.charAt(at - 1))) return false;
  return /^(?:https?:\/\/|mailto:)/i.test(text.slice(at, at + 8));
}

/** Finds the end of an address that stands in a text. Punctuation after it does not belong to it. */
export function bareAddressEnd(text: string, at: number, isInLink: boolean, meter: Meter): number {
  let end = at;
  let open = 0;
  for (; end < text.length; end += 1) {
    const character = text.charAt(end);
    if ('<>"\'`'.includes(character) || OUTSIDE.test(character)) break;
    if (isInLink && character === ']') break;
    if (character === '(') open += 1;
    if (character === ')') open -= 1;
  }
  meter.spend(end - at);
  for (; end > at; end -= 1) {
    const last = text.charAt(end - 1);
    if (!SENTENCE_MARKS.includes(last)) break;
    // The parenthesis of `…/wiki/A_(b)` belongs to the address, that of `(see …)` does not.
    if (last === ')' && open >= 0) break;
    if (last === ')') open += 1;
  }
  return end;
}

/** Reads `<address>` at its `<`. Null when there is none. */
export function angleAddress(
  text: string,
  at: number,
  meter: Meter
): { readonly text: string; readonly address: Address; readonly end: number } | null {
  let end = at + 1;
  while (end < text.length && !'<>'.includes(text.charAt(end)) && end - at <= ADDRESS_MAX) end += 1;
  meter.spend(end - at);
  if (text.charAt(end) !== '>') return null;
  const written = text.slice(at + 1, end);
  const isMail = written.length < 255 && MAIL_ADDRESS.test(written);
  const address = allowedAddress(isMail ? `mailto:${written}` : written);
  return address === null ? null : { text: written, address, end: end + 1 };
}

/** Reads the `(address "title")` of a link at its `(`. Null when there is none. The title is not shown. */
export function destination(
  text: string,
  at: number,
  meter: Meter
): { readonly address: Address; readonly end: number } | null {
  const from = afterBlanks(text, at + 1, meter);
  const isAngled = text.charAt(from) === '<';
  let end = isAngled ? from + 1 : from;
  let open = 0;
  for (; end < text.length && end - from <= ADDRESS_MAX; end += 1) {
    const character = text.charAt(end);
    if (isAngled ? '<>\n'.includes(character) : /\s/.test(character)) break;
    if (isAngled) continue;
    if (character === '(' && ++open > PARENTHESES_MAX) break;
    if (character === ')' && --open < 0) break;
  }
  meter.spend(end - from);
  if (isAngled && text.charAt(end) !== '>') return null;
  const address = allowedAddress(text.slice(isAngled ? from + 1 : from, end));
  if (address === null) return null;
  const close = afterTitle(text, isAngled ? end + 1 : end, meter);
  return text.charAt(close) === ')' ? { address, end: close + 1 } : null;
}

function afterTitle(text: string, at: number, meter: Meter): number {
  const from = afterBlanks(text, at, meter);
  const quote = text.charAt(from);
  if (from === at || (quote !== '"' && quote !== "'")) return from;
  const end = text.indexOf(quote, from + 1);
  meter.spend((end === -1 ? text.length : end) - from);
  return end === -1 ? text.length : afterBlanks(text, end + 1, meter);
}

function afterBlanks(text: string, at: number, meter: Meter): number {
  let end = at;
  while (text.charAt(end) === ' ' || text.charAt(end) === '\t') end += 1;
  meter.spend(end - at + 1);
  return end;
}
