/**
 * Parses a text into blocks, line by line, like CommonMark with GitHub's tables and tasks, and with less that surprises in
 * a chat: line breaks stay; HTML, indented code and underlined headings are text; a line without a marker ends a quote or
 * an item. What follows a block and begins another one does not change it, so that a text that grows is parsed from its
 * last block on.
 */
import { parseInline } from './inline.js';
import {
  afterColumns,
  alignsOf,
  cellsOf,
  endsFence,
  fenceAt,
  headingAt,
  indentationAt,
  isRule,
  markerAt,
  taskAt,
  type Fence,
  type Marker
} from './line-starts.js';
import type { Meter } from './meter.js';
import type { Align, Block, Cell, ListItem } from './tree.js';

/** Deepest lists and quotes inside each other. The markers of deeper ones stay text. */
export const BLOCKS_DEEP = 8;

/** A block of the text itself, not of a quote or an item, and the place of its first line. */
export interface TopBlock {
  readonly from: number;
  readonly block: Block;
}

/** Parses a text. */
export function parseBlocks(text: string, meter: Meter): TopBlock[] {
  const parser = new BlockParser(meter);
  for (let from = 0; from < text.length;) {
    const feed = text.indexOf('\n', from);
    const end = feed === -1 ? text.length : feed;
    parser.line(text.slice(from, text.charAt(end - 1) === '\r' ? end - 1 : end), from);
    from = end + 1;
  }
  return parser.end();
}

/** What is open: the text itself, a quote, or an item. */
interface Frame {
  readonly type: 'text' | 'quote' | 'item';
  readonly children: Block[];
  /** Columns by which the lines of an item are indented. */
  readonly indent: number;
}

/** The marker of a list that is being written, and its items. */
interface OpenList {
  readonly mark: string;
  readonly items: ListItem[];
}

/** The last block of the innermost frame. */
type Leaf =
  | { readonly type: 'paragraph'; readonly lines: string[] }
  | {
      readonly type: 'code';
      readonly fence: Fence;
      readonly indent: number;
      readonly lines: string[];
    }
  | {
      readonly type: 'table';
      readonly aligns: readonly Align[];
      readonly head: readonly Cell[];
      readonly rows: Cell[][];
    };

class BlockParser {
  readonly #meter: Meter;
  readonly #root: Frame = { type: 'text', children: [], indent: 0 };
  #frames: Frame[] = [this.#root];
  #leaf: Leaf | null = null;
  /** Where each block of the text itself begins. */
  readonly #starts: number[] = [];
  readonly #lists = new WeakMap<Block, OpenList>();
  /** Place of the line that is being read, and of the one before. */
  #from = 0;
  #before = 0;

  constructor(meter: Meter) {
    this.#meter = meter;
  }

  line(line: string, from: number): void {
    this.#before = this.#from;
    this.#from = from;
    this.#meter.spend(1 + line.length);
    const { at: begin, matched } = this.#match(line);
    if (matched === this.#frames.length && this.#leaf?.type === 'code') {
      this.#goOnCode(this.#leaf, line, begin);
      return;
    }
    if (matched < this.#frames.length) {
      this.#closeLeaf();
      this.#frames.length = matched;
    }
    const at = this.#openFrames(line, begin);
    this.#meter.spend(4 * (line.length - at));
    this.#takeLeaf(line, at);
  }

  end(): TopBlock[] {
    this.#closeLeaf();
    return this.#root.children.map((block, index) => ({ from: this.#starts[index] ?? 0, block }));
  }

  get #inner(): Frame {
    return this.#frames.at(-1) ?? this.#root;
  }

  /** Finds out which of the open frames the line belongs to, and where its rest begins. */
  #match(line: string): { at: number; matched: number } {
    let begin = 0;
    let matched = 1;
    for (; matched < this.#frames.length; matched += 1) {
      const frame = this.#frames[matched];
      const { columns, at } = indentationAt(line, begin);
      this.#meter.spend(at - begin + 1);
      if (frame?.type === 'quote') {
        if (columns > 3 || line.charAt(at) !== '>') break;
        begin = afterColumns(line, at + 1, 1);
      } else if (at === line.length) begin = at;
      else if (columns >= (frame?.indent ?? 0))
        begin = afterColumns(line, begin, frame?.indent ?? 0);
      else break;
    }
    return { at: begin, matched };
  }

  /** Opens the quotes and items that begin in this line, and answers where its rest begins. */
  #openFrames(line: string, from: number): number {
    let begin = from;
    while (this.#frames.length <= BLOCKS_DEEP) {
      const { columns, at } = indentationAt(line, begin);
      this.#meter.spend(line.length - begin + 1);
      // Text that somebody indented is no list. Inside an item everything is indented.
      if (columns > 3 && this.#inner.type !== 'item') break;
      if (line.charAt(at) === '>') {
        this.#closeLeaf();
        const children: Block[] = [];
        this.#add({ type: 'quote', children });
        this.#frames.push({ type: 'quote', children, indent: 0 });
        begin = afterColumns(line, at + 1, 1);
        continue;
      }
      const marker = isRule(line, at) ? null : markerAt(line, at);
      if (marker === null || !this.#mayBegin(marker)) break;
      this.#closeLeaf();
      begin = this.#openItem(line, { columns, at }, marker);
    }
    return begin;
  }

  /** Whether an item may begin here. In a paragraph, “in the year\n1984. …” is none, and a mark alone is a mark. */
  #mayBegin(marker: Marker): boolean {
    if (this.#leaf?.type === 'paragraph') {
      return !marker.isEmpty && (marker.number === null || marker.number === 1);
    }
    return !marker.isEmpty || this.#listFor(marker) !== null;
  }

  #listFor({ mark }: Marker): OpenList | null {
    const last = this.#leaf === null ? this.#inner.children.at(-1) : undefined;
    const list = last === undefined ? undefined : this.#lists.get(last);
    return list?.mark === mark ? list : null;
  }

  #openItem(line: string, start: { columns: number; at: number }, marker: Marker): number {
    const { mark, number, end, isEmpty } = marker;
    let list = this.#listFor(marker);
    if (list === null) {
      list = { mark, items: [] };
      const block: Block = { type: 'list', start: number, items: list.items };
      this.#lists.set(block, list);
      this.#add(block);
    }
    const blanks = indentationAt(line, end);
    const done = taskAt(line, blanks.at);
    const children: Block[] = [];
    list.items.push({ done, children });
    const gap = isEmpty || blanks.columns > 4 ? 1 : blanks.columns;
    const indent = start.columns + (end - start.at) + gap;
    this.#frames.push({ type: 'item', children, indent });
    return done === null ? blanks.at : blanks.at + 4;
  }

  #takeLeaf(line: string, from: number): void {
    const { columns, at } = indentationAt(line, from);
    if (at === line.length) {
      this.#closeLeaf();
      return;
    }
    if (columns <= 3 || this.#inner.type === 'item') {
      const fence = fenceAt(line, at);
      const heading = fence === null ? headingAt(line, at) : null;
      if (fence !== null) {
        this.#open({ type: 'code', fence, indent: columns, lines: [] });
        return;
      }
      if (heading !== null || isRule(line, at)) {
        this.#closeLeaf();
        this.#add(
          heading === null
            ? { type: 'rule' }
            : { type: 'heading', children: parseInline(heading, this.#meter) }
        );
        return;
      }
    }
    if (!this.#takeRow(line.slice(at))) this.#takeText(line.slice(from));
  }

  #takeRow(line: string): boolean {
    if (this.#leaf?.type === 'table') {
      const cells = cellsOf(line);
      if (cells !== null) this.#leaf.rows.push(this.#cells(cells));
      return cells !== null;
    }
    if (this.#leaf?.type !== 'paragraph') return false;
    const aligns = alignsOf(line);
    if (aligns === null) return false;
    const above = this.#leaf.lines.at(-1) ?? '';
    this.#meter.spend(above.length);
    const head = cellsOf(above);
    if (head?.length !== aligns.length) return false;
    this.#leaf.lines.pop();
    if (this.#leaf.lines.length === 0) this.#forgetLeaf();
    this.#from = this.#before;
    this.#open({ type: 'table', aligns, head: this.#cells(head), rows: [] });
    return true;
  }

  #takeText(line: string): void {
    if (this.#leaf?.type === 'paragraph') this.#leaf.lines.push(line);
    else this.#open({ type: 'paragraph', lines: [line] });
  }

  #cells(cells: readonly string[]): Cell[] {
    return cells.map((cell) => parseInline(cell, this.#meter));
  }

  #goOnCode(code: Extract<Leaf, { type: 'code' }>, line: string, begin: number): void {
    const { columns, at } = indentationAt(line, begin);
    this.#meter.spend(line.length);
    if (columns - code.indent <= 3 && endsFence(line, at, code.fence)) this.#closeLeaf();
    else code.lines.push(line.slice(afterColumns(line, begin, code.indent)));
  }

  /** Begins the last block of the innermost frame. */
  #open(leaf: Leaf): void {
    this.#closeLeaf();
    this.#leaf = leaf;
    if (this.#inner === this.#root) this.#starts.push(this.#from);
  }

  #forgetLeaf(): void {
    this.#leaf = null;
    if (this.#inner === this.#root) this.#starts.pop();
  }

  #closeLeaf(): void {
    const leaf = this.#leaf;
    this.#leaf = null;
    if (leaf === null) return;
    this.#inner.children.push(this.#blockOf(leaf));
  }

  #add(block: Block): void {
    if (this.#inner === this.#root) this.#starts.push(this.#from);
    this.#inner.children.push(block);
  }

  #blockOf(leaf: Leaf): Block {
    if (leaf.type === 'paragraph') {
      const text = leaf.lines.join('\n').trimEnd();
      return { type: 'paragraph', children: parseInline(text, this.#meter) };
    }
    if (leaf.type === 'code') {
      const text = leaf.lines.map((line) => `${line}\n`).join('');
      return { type: 'code', language: leaf.fence.language, text };
    }
    const { aligns, head, rows } = leaf;
    return { type: 'table', aligns, head, rows };
  }
}
