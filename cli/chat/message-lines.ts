/**
 * Messages as lines of a terminal: time, name, a bar, text. Every line of a message has the bar, so that no text can
 * pass for another message.
 */
import type { Gap, MessageFrame } from '../../client/sdk/client.js';
import { messageWords } from './message-words.js';
import type { Paint, Style } from '../../server/logger/paint.js';
import { safeName } from '../terminal/safe-text.js';
import { widthOf, wrap } from '../terminal/text-width.js';

/** Most lines shown of one message; `tail --json` prints all of it. */
export const LINES_SHOWN_MAX = 200; // one message must not push everything else out of the scrollback

/** Columns of the name; longer names move the bar. */
const NAME_COLUMNS = 12;

/** Below this width, in columns, the name gets half as many columns. */
const NARROW_COLUMNS = 60;

/** Colours of authors; faults and warnings have other ones. */
const AUTHOR_STYLES: readonly Style[] = ['cyan', 'green', 'magenta', 'blue'];

const DAY = new Intl.DateTimeFormat('en-GB', {
  weekday: 'long',
  day: 'numeric',
  month: 'long',
  year: 'numeric'
});

/** Options of {@link MessageLines}. */
export interface MessageLinesOptions {
  readonly paint: Paint;
  /** Columns of the screen; Infinity means lines are not broken. */
  readonly columns: () => number;
  /** `clock` shows the time, and a line between days; `date` shows date and time in every line. */
  readonly stamp: 'clock' | 'date';
}

/** Makes lines of messages, one message after the other; it remembers the day. */
export class MessageLines {
  readonly #options: MessageLinesOptions;
  #day = '';

  constructor(options: MessageLinesOptions) {
    this.#options = options;
  }

  /**
   * Returns the lines of the next message, with a line for its day when a new one begins. `stored` marks the user's own
   * message.
   */
  of(message: MessageFrame, stored = false): string[] {
    const { paint, stamp } = this.#options;
    const at = new Date(message.at);
    const lines = stamp === 'clock' ? this.#dayLine(at) : [];
    const { style, text } = messageWords(message);
    const name = safeName(message.from.user);
    const time =
      stamp === 'clock' ? clockOf(at) : `${dateOf(at)} ${clockOf(at)}:${pad(at.getSeconds())}`;
    const nameColumns = Math.max(this.#nameColumns(), widthOf(name));
    const gutter = time.length + 1 + nameColumns;
    const author = `${' '.repeat(nameColumns - widthOf(name))}${paint(styleOf(name), name)}`;
    const bar = paint('dim', '│');
    const all = wrap(text, this.#options.columns() - gutter - 3 - (stored ? 2 : 0));
    const shown = all.slice(0, LINES_SHOWN_MAX);
    const unseen = all.length - shown.length;
    shown.forEach((line, index) => {
      const before = index === 0 ? `${paint('dim', time)} ${author}` : ' '.repeat(gutter);
      const said = style === null ? line : paint(style, line);
      const mark = stored && index === shown.length - 1 ? ` ${paint('green', '✓')}` : '';
      lines.push(`${before} ${bar} ${said}${mark}`.trimEnd());
    });
    if (unseen > 0) {
      const more = paint('dim', `… ${String(unseen)} more lines`);
      lines.push(`${' '.repeat(gutter)} ${bar} ${more}`);
    }
    return lines;
  }

  /** Starts again, so that the next message shows its day. */
  restart(): void {
    this.#day = '';
  }

  #dayLine(at: Date): string[] {
    const day = dateOf(at);
    if (day === this.#day) return [];
    this.#day = day;
    return [this.#options.paint('dim', `── ${DAY.format(at)} ──`)];
  }

  #nameColumns(): number {
    const columns = this.#options.columns();
    return columns < NARROW_COLUMNS ? Math.floor(NAME_COLUMNS / 2) : NAME_COLUMNS;
  }
}

/** Returns the colour of a name; it is the same at each call. */
export function styleOf(name: string): Style {
  let hash = 0;
  for (const character of name) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return AUTHOR_STYLES[hash % AUTHOR_STYLES.length] ?? 'cyan';
}

/** Returns the sentence that says which messages are missing, and why. */
export function gapWords({ from, to, reason }: Gap): string {
  const which =
    from === to ? `message ${String(from)}` : `messages ${String(from)} to ${String(to)}`;
  switch (reason) {
    case 'trimmed':
      return `${which}: no longer kept by the server`;
    case 'damaged':
      return `${which}: damaged on the server's disk`;
    case 'epoch':
      return 'the thread began anew: what came before belongs to another log';
    case 'missing':
      return `${which}: skipped by the server`;
    case 'overflow':
      return `${which}: came faster than they could be shown`;
  }
}

function clockOf(at: Date): string {
  return `${pad(at.getHours())}:${pad(at.getMinutes())}`;
}

function dateOf(at: Date): string {
  return `${String(at.getFullYear())}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
}

function pad(number: number): string {
  return String(number).padStart(2, '0');
}
