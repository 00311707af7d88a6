/** Recognizes what a line begins with. Every function looks at one line, once. */
import type { Align } from './tree.js';

/** Blanks at the beginning of a line: how many columns wide, and where they end. */
export interface Indentation {
  readonly columns: number;
  readonly at: number;
}

/** Columns to which a tab leads. */
const TAB_COLUMNS = 4;

/** Measures the blanks from a place on. */
export function indentationAt(line: string, from: number): Indentation {
  let columns = 0;
  let at = from;
  for (; at < line.length; at += 1) {
    const character = line.charAt(at);
    if (character === '\t') columns += TAB_COLUMNS - (columns % TAB_COLUMNS);
    else if (character === ' ') columns += 1;
    else break;
  }
  return { columns, at };
}

/** Passes over blanks, at most so many columns. */
export function afterColumns(line: string, from: number, columns: number): number {
  let passed = 0;
  let at = from;
  for (; at < line.length && passed < columns; at += 1) {
    const character = line.charAt(at);
    if (character === '\t') passed += TAB_COLUMNS - (passed % TAB_COLUMNS);
    else if (character === ' ') passed += 1;
    else break;
  }
  return at;
}

/** The beginning of a code block. */
export interface Fence {
  readonly character: '`' | '~';
  readonly length: number;
  readonly language: string;
}

/** Reads the fence that begins code. */
export function fenceAt(line: string, at: number): Fence | null {
  const character = line.charAt(at);
  if (character !== '`' && character !== '~') return null;
  const length = runLength(line, at);
  const language = line.slice(at + length).trim();
  if (length < 3 || (character === '`' && language.includes('`'))) return null;
  return { character, length, language };
}

/** Whether this fence ends the code that the other began. */
export function endsFence(line: string, at: number, { character, length }: Fence): boolean {
  if (line.charAt(at) !== character) return false;
  const run = runLength(line, at);
  return run >= length && line.slice(at + run).trim() === '';
}

/** Reads the text of a heading. */
export function headingAt(line: string, at: number): string | null {
  if (line.charAt(at) !== '#') return null;
  const length = runLength(line, at);
  const text = line.slice(at + length);
  if (length > 6 || (!text.startsWith(' ') && !text.startsWith('\t'))) return null;
  const whole = text.trim();
  let end = whole.length;
  while (whole.charAt(end - 1) === '#') end -= 1;
  // The marks at the end of `# C #` close it, the one of `# C#` does not.
  const isClosed = end < whole.length && /[ \t]/.test(whole.charAt(end - 1));
  const heading = isClosed ? whole.slice(0, end).trim() : whole;
  return heading === '' ? null : heading;
}

/** Whether the line is a rule: three or more of one mark, and nothing else. */
export function isRule(line: string, at: number): boolean {
  const mark = line.charAt(at);
  if (mark !== '-' && mark !== '*' && mark !== '_') return false;
  let marks = 0;
  for (let index = at; index < line.length; index += 1) {
    const character = line.charAt(index);
    if (character === mark) marks += 1;
    else if (character !== ' ' && character !== '\t') return false;
  }
  return marks >= 3;
}

/** The marker of a list item. */
export interface Marker {
  /** The bullet, or what stands after the number: items with another one are of another list. */
  readonly mark: string;
  /** Null for a bullet. */
  readonly number: number | null;
  /** Where the marker ends. */
  readonly end: number;
  /** Whether nothing follows. */
  readonly isEmpty: boolean;
}

/** Most digits of an item's number. With more, browsers count wrong. */
const DIGITS_MAX = 9;

/** Reads the marker of a list item. */
export function markerAt(line: string, at: number): Marker | null {
  let end = at;
  while (end - at <= DIGITS_MAX && isDigit(line.charAt(end))) end += 1;
  const isNumbered = end > at;
  const mark = line.charAt(end);
  if (mark === '' || end - at > DIGITS_MAX || !(isNumbered ? '.)' : '-*+').includes(mark)) {
    return null;
  }
  const behind = line.charAt(end + 1);
  if (behind !== '' && behind !== ' ' && behind !== '\t') return null;
  return {
    mark,
    number: isNumbered ? Number(line.slice(at, end)) : null,
    end: end + 1,
    isEmpty: line.slice(end + 1).trim() === ''
  };
}

/** Reads the box of a task: whether it is ticked. */
export function taskAt(line: string, at: number): boolean | null {
  const box = line.slice(at, at + 4);
  if (box === '[ ] ') return false;
  return box === '[x] ' || box === '[X] ' ? true : null;
}

/** Splits the row of a table into its cells. Null when there is no bar in it. */
export function cellsOf(line: string): string[] | null {
  const cells: string[] = [];
  let cell = '';
  let hasBar = false;
  for (let at = 0; at < line.length; at += 1) {
    const character = line.charAt(at);
    if (character === '\\' && line.charAt(at + 1) === '|') {
      cell += '|';
      at += 1;
    } else if (character === '|') {
      hasBar = true;
      cells.push(cell.trim());
      cell = '';
    } else cell += character;
  }
  if (!hasBar) return null;
  cells.push(cell.trim());
  if (cells.at(0) === '') cells.shift();
  if (cells.at(-1) === '') cells.pop();
  return cells;
}

/** Reads the line below the head of a table. */
export function alignsOf(line: string): Align[] | null {
  if (!/^[-:| \t]+$/.test(line)) return null;
  const cells = cellsOf(line);
  if (cells === null || cells.length === 0) return null;
  const aligns: Align[] = [];
  for (const cell of cells) {
    if (!/^:?-+:?$/.test(cell)) return null;
    aligns.push(!cell.endsWith(':') ? 'start' : cell.startsWith(':') ? 'center' : 'end');
  }
  return aligns;
}

function runLength(line: string, at: number): number {
  const character = line.charAt(at);
  let end = at;
  while (line.charAt(end) === character && end < line.length) end += 1;
  return end - at;
}

function isDigit(character: string): boolean {
  return character >= '0' && character <= '9';
}
