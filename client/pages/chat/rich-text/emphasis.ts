/** Pairs the marks of bold, emphasized and deleted words, by the rules of CommonMark, and makes a tree of them. */
import type { Meter } from './meter.js';
import type { Inline, MarkType } from './tree.js';

/** Deepest marks inside each other. Deeper ones stay text. */
export const MARKS_DEEP = 8;

/** Characters that mark words, by themselves or doubled. */
export type MarkCharacter = '*' | '_' | '~';

/** A run of marks that may begin or end words. */
export class MarkRun {
  readonly type = 'marks';
  readonly character: MarkCharacter;
  readonly length: number;
  readonly canOpen: boolean;
  readonly canClose: boolean;
  /** Characters that are in no pair yet. */
  left: number;
  /** The pairs that it begins and ends, the innermost first. */
  readonly opens: MarkType[] = [];
  readonly closes: MarkType[] = [];

  constructor(character: MarkCharacter, length: number, canOpen: boolean, canClose: boolean) {
    this.character = character;
    this.length = length;
    this.left = length;
    this.canOpen = canOpen;
    this.canClose = canClose;
  }
}

/** A part of a line whose marks are not paired yet. */
export type Token = Inline | MarkRun;

/** Makes a tree of tokens, whose runs are paired by that. */
export function markedWords(tokens: readonly Token[], meter: Meter): Inline[] {
  pair(
    tokens.filter((token) => token.type === 'marks'),
    meter
  );
  const tree = new Tree();
  for (const token of tokens) {
    meter.spend(1);
    if (token.type === 'marks') tree.addRun(token);
    else tree.add(token);
  }
  return tree.all();
}

function pair(runs: readonly MarkRun[], meter: Meter): void {
  const open: MarkRun[] = [];
  /** For each kind of closing run: below this height of `open` nothing matches it. */
  const floors = new Array<number>(KINDS).fill(0);
  for (const run of runs) {
    meter.spend(1);
    if (run.canClose) {
      const kind = kindOf(run);
      while (run.left > 0) {
        const floor = floors[kind] ?? 0;
        let at = open.length - 1;
        while (at >= floor && !matches(open[at], run)) at -= 1;
        meter.spend(Math.max(1, open.length - at));
        const opener = open[at];
        if (at < floor || opener === undefined) {
          floors[kind] = open.length;
          break;
        }
        take(opener, run);
        open.length = opener.left > 0 ? at + 1 : at;
        for (let other = 0; other < KINDS; other += 1) {
          if ((floors[other] ?? 0) > open.length) floors[other] = open.length;
        }
      }
    }
    if (run.canOpen && run.left > 0) open.push(run);
  }
}

/** MarkRuns of one kind match the same ones: kinds are told apart by character, length modulo 3, and whether they open. */
const KINDS = 3 * 3 * 2;

function kindOf({ character, length, canOpen }: MarkRun): number {
  return '*_~'.indexOf(character) * 6 + (length % 3) * 2 + (canOpen ? 1 : 0);
}

function matches(opener: MarkRun | undefined, closer: MarkRun): boolean {
  if (opener?.character !== closer.character) return false;
  if (closer.character === '~') return true;
  // Otherwise the two stars in *a**b* would end the first.
  if (!opener.canClose && !closer.canOpen) return true;
  return (
    (opener.length + closer.length) % 3 !== 0 ||
    (opener.length % 3 === 0 && closer.length % 3 === 0)
  );
}

function take(opener: MarkRun, closer: MarkRun): void {
  const used = opener.left >= 2 && closer.left >= 2 ? 2 : 1;
  const type = opener.character === '~' ? 'deleted' : used === 2 ? 'strong' : 'emphasis';
  opener.left -= used;
  closer.left -= used;
  opener.opens.push(type);
  closer.closes.push(type);
}

/** A tree that is written from left to right. */
class Tree {
  /** The marks that are open, the outermost first. Those that are too deep are written as text, and have no children. */
  readonly #open: { readonly type: MarkType | null; readonly children: Inline[] | null }[] = [];
  readonly #root: Inline[] = [];
  #children: Inline[] = this.#root;

  all(): Inline[] {
    return this.#root;
  }

  add(part: Inline): void {
    const last = this.#children.at(-1);
    if (part.type === 'text' && last?.type === 'text') {
      this.#children[this.#children.length - 1] = { type: 'text', text: last.text + part.text };
    } else if (part.type !== 'text' || part.text !== '') this.#children.push(part);
  }

  addRun({ character, left, opens, closes }: MarkRun): void {
    for (const type of closes) this.#close(written(type, character));
    this.add({ type: 'text', text: character.repeat(left) });
    for (const type of opens.toReversed()) this.#begin(type, written(type, character));
  }

  #begin(type: MarkType, mark: string): void {
    if (this.#open.length >= MARKS_DEEP) {
      this.add({ type: 'text', text: mark });
      this.#open.push({ type: null, children: null });
      return;
    }
    const children: Inline[] = [];
    this.#children.push({ type, children });
    this.#open.push({ type, children });
    this.#children = children;
  }

  #close(mark: string): void {
    const closed = this.#open.pop();
    if (closed?.children === null) this.add({ type: 'text', text: mark });
    else this.#children = this.#open.at(-1)?.children ?? this.#root;
  }
}

function written(type: MarkType, character: MarkCharacter): string {
  return type === 'emphasis' ? character : character.repeat(2);
}
