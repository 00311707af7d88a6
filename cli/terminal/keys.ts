/**
 * Passes the keys of a terminal to Node's line editor one at a time. The editor takes several keys at once for pasted
 * text and puts them at the end of the line, wherever the cursor is. Really pasted text is passed as one text.
 */
import { PassThrough } from 'node:stream';
import type { CliTerminal } from '../cli-outside.js';

/** Most characters of one paste; the rest is dropped, and reported. */
export const PASTE_MAX = 100_000; // more than any server accepts in one message

/** Switch the terminal's marks around pasted text on and off. */
export const PASTE_MARKS = { on: '\u001b[?2004h', off: '\u001b[?2004l' } as const;

const BEGIN = '\u001b[200~';
const END = '\u001b[201~';

/** Input of a line editor. */
export class Keys extends PassThrough {
  readonly #input: CliTerminal['input'];
  readonly #pasted: (text: string, isCut: boolean) => void;
  readonly #decoder = new TextDecoder();
  /** Text of the running paste; null when there is none. */
  #paste: string | null = null;
  #isCut = false;
  /** The last keys, as many as a mark is long. */
  #recent = '';
  readonly #take = (chunk: Uint8Array | string): void => {
    this.#took(typeof chunk === 'string' ? chunk : this.#decoder.decode(chunk, { stream: true }));
  };
  readonly #end = (): void => {
    this.end();
  };

  /** Reads from a terminal until it is closed. */
  constructor(input: CliTerminal['input'], pasted: (text: string, isCut: boolean) => void) {
    super();
    this.#input = input;
    this.#pasted = pasted;
    input.on('data', this.#take);
    input.on('end', this.#end);
    input.on('close', this.#end);
  }

  /** Switches the terminal's raw mode; the line editor calls it. */
  setRawMode(isRaw: boolean): this {
    this.#input.setRawMode?.(isRaw);
    return this;
  }

  /** Stops reading. */
  close(): void {
    this.#input.off('data', this.#take);
    this.#input.off('end', this.#end);
    this.#input.off('close', this.#end);
    this.#input.pause();
  }

  #took(text: string): void {
    if (this.#paste !== null) {
      this.#add(this.#paste, text);
      return;
    }
    let at = 0;
    for (const key of text) {
      at += key.length;
      this.write(key);
      this.#recent = (this.#recent + key).slice(-BEGIN.length);
      if (this.#recent !== BEGIN) continue;
      this.#recent = '';
      this.#add('', text.slice(at));
      return;
    }
  }

  #add(before: string, text: string): void {
    const all = before + text;
    // The mark may have begun in the previous chunk.
    const end = all.indexOf(END, Math.max(0, before.length - END.length));
    if (end < 0) {
      // Drop from the middle: the end may be the beginning of the mark.
      const isLong = all.length > PASTE_MAX + END.length;
      this.#isCut ||= isLong;
      this.#paste = isLong ? all.slice(0, PASTE_MAX) + all.slice(-END.length) : all;
      return;
    }
    const isCut = this.#isCut || end > PASTE_MAX;
    this.#paste = null;
    this.#isCut = false;
    this.#pasted(all.slice(0, Math.min(end, PASTE_MAX)), isCut);
    this.#took(all.slice(end + END.length));
  }
}
