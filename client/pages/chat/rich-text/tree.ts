/** What the markup of a text stands for, as plain values. `drawn.ts` says which elements they become. */

/** A part of a line. */
export type Inline =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'code'; readonly text: string }
  | { readonly type: MarkType; readonly children: readonly Inline[] }
  | Link;

/** How words are marked. */
export type MarkType = 'strong' | 'emphasis' | 'deleted';

/** A link to an address that `address.ts` allows. An image is one too, since the page loads nothing. */
export interface Link {
  readonly type: 'link';
  readonly href: string;
  /** Where it leads, for people: a host or a mail address. Null when the text of the link says so itself. */
  readonly where: string | null;
  /** Holds no link. */
  readonly children: readonly Inline[];
}

/** A part of a text. */
export type Block =
  | { readonly type: 'paragraph'; readonly children: readonly Inline[] }
  | { readonly type: 'heading'; readonly children: readonly Inline[] }
  | {
      readonly type: 'code';
      /** What is written after the fence, mostly a language. */
      readonly language: string;
      readonly text: string;
    }
  | { readonly type: 'rule' }
  | { readonly type: 'quote'; readonly children: readonly Block[] }
  | List
  | Table;

/** A list, ordered when it has a start. */
export interface List {
  readonly type: 'list';
  /** The number of its first item; null when it has no numbers. */
  readonly start: number | null;
  readonly items: readonly ListItem[];
}

/** An item of a list. */
export interface ListItem {
  /** Whether its task is done; null when it is no task. */
  readonly done: boolean | null;
  readonly children: readonly Block[];
}

/** How a column is aligned. */
export type Align = 'start' | 'center' | 'end';

/** The cell of a table. */
export type Cell = readonly Inline[];

/** A table. Rows may have fewer or more cells than the head. */
export interface Table {
  readonly type: 'table';
  readonly aligns: readonly Align[];
  readonly head: readonly Cell[];
  readonly rows: readonly (readonly Cell[])[];
}

/** Returns the text that parts of lines show, without what the page adds to them. */
export function inlineText(parts: readonly Inline[]): string {
  return parts.map((part) => ('text' in part ? part.text : inlineText(part.children))).join('');
}

/** Returns the text that a block shows. `between` separates its blocks, items and cells. */
export function blockText(block: Block, between: string): string {
  switch (block.type) {
    case 'paragraph':
    case 'heading':
      return inlineText(block.children);
    case 'code':
      return block.language === '' ? block.text : `${block.language}${between}${block.text}`;
    case 'rule':
      return '';
    case 'quote':
      return blocksText(block.children, between);
    case 'list':
      return block.items.map(({ children }) => blocksText(children, between)).join(between);
    case 'table':
      return [block.head, ...block.rows].flat().map(inlineText).join(between);
  }
}

/** Returns the text that blocks show. */
export function blocksText(blocks: readonly Block[], between: string): string {
  return blocks.map((block) => blockText(block, between)).join(between);
}

/** Counts the nodes that a block becomes, roughly. */
export function nodesOf(block: Block): number {
  switch (block.type) {
    case 'paragraph':
    case 'heading':
      return 1 + inlineNodes(block.children);
    case 'code':
      return 6;
    case 'rule':
      return 1;
    case 'quote':
      return 1 + sum(block.children.map(nodesOf));
    case 'list':
      return 1 + sum(block.items.map(({ children }) => 2 + sum(children.map(nodesOf))));
    case 'table': {
      const rows = [block.head, ...block.rows];
      return 2 + rows.length + sum(rows.flat().map((cell) => 1 + inlineNodes(cell)));
    }
  }
}

function inlineNodes(parts: readonly Inline[]): number {
  return sum(parts.map((part) => ('text' in part ? 1 : 1 + inlineNodes(part.children))));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}
