/**
 * Keys of a terminal, one at a time, for Node's line editor: several at once it takes for something pasted, which it
 * puts at the end of the line wherever the cursor is. What is pasted comes as one text.
 */
import { PassThrough } from 'node:stream';
import type { CliTerminal } from '../cli-outside.js';

/** Most characters of one paste that are taken; the rest is dropped, and told. */
export const PASTE_MAX = 100_000; // more than any server takes in one message

/** Ask the terminal to put marks around what is pasted, and no longer. */
export const PASTE_MARKS = { on: '\u001b[?2004h', off: '\u001b[?2004l' } as const;

const BEGIN = '\u001b[200~';
const END = '\u001b[201~';

/** The input for a line editor. */
export class Keys extends PassThrough {
  readonly #input: CliTerminal['input'];
  readonly #pasted: (text: string, isCut: boolean) => void;
  readonly #decoder = new TextDecoder();
  /** What is being pasted; null when nothing is. */
  #paste: string | null = null;
  #isCut = false;
  /** The last keys, as many as a mark has. */
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

  /** Switches the terminal; the line editor asks for it. */
  setRawMode(isRaw: boolean): this {
    this.#input.setRawMode?.(isRaw);
    return this;
  }

  /** Reads no more. */
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
    // The mark may have begun in what came before.
    const end = all.indexOf(END, Math.max(0, before.length - END.length));
    if (end < 0) {
      // What is dropped is from the middle: the end may be the beginning of the mark.
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
