import { parseBlocks, type TopBlock } from './blocks.js';
import { Meter, TooManySteps, STEPS_PER_CHARACTER } from './meter.js';
import { nodesOf, type Block } from './tree.js';

/** Most nodes that one text becomes, about a tenth of a second of drawing. Blocks beyond it are shown as they were written. */
export const NODES_MAX = 10_000;

/** The bounds of one text. */
export interface TextBounds {
  readonly nodes: number;
  readonly stepsPerCharacter: number;
}

const BOUNDS: TextBounds = { nodes: NODES_MAX, stepsPerCharacter: STEPS_PER_CHARACTER };

/** Parses a text again and again while it grows. Only its last blocks are parsed again, the others stay the same values. */
export class GrowingText {
  readonly #bounds: TextBounds;
  #text = '';
  #blocks: TopBlock[] = [];
  #steps = 0;

  constructor(bounds: TextBounds = BOUNDS) {
    this.#bounds = bounds;
  }

  /** Steps that the last parsing took. */
  get steps(): number {
    return this.#steps;
  }

  /** Returns the blocks of a text. */
  blocksOf(text: string): readonly Block[] {
    const known = text.startsWith(this.#text) ? settled(this.#text, this.#blocks) : [];
    const from = this.#blocks[known.length]?.from ?? 0;
    this.#text = text;
    this.#blocks = this.#bounded(known, text, known.length === 0 ? 0 : from);
    return this.#blocks.map(({ block }) => block);
  }

  #bounded(known: readonly TopBlock[], text: string, from: number): TopBlock[] {
    const blocks = [...known];
    const meter = new Meter(text.length - from, this.#bounds.stepsPerCharacter);
    let nodes = known.reduce((all, { block }) => all + nodesOf(block), 0);
    try {
      for (const made of parseBlocks(text.slice(from), meter)) {
        nodes += nodesOf(made.block);
        const at = from + made.from;
        if (nodes > this.#bounds.nodes) return [...blocks, asWritten(text, at)];
        blocks.push({ from: at, block: made.block });
      }
      return blocks;
    } catch (error) {
      if (error instanceof TooManySteps) return [...known, asWritten(text, from)];
      throw error;
    } finally {
      this.#steps = meter.steps;
    }
  }
}

/**
 * Returns the blocks that a text keeps however it grows. The last line may become another one, and with it the one above,
 * which may be the head of a table; both may then belong to the block before them.
 */
function settled(text: string, blocks: readonly TopBlock[]): readonly TopBlock[] {
  const lineAbove = text.lastIndexOf('\n', text.lastIndexOf('\n') - 1) + 1;
  const end = text.includes('\n') ? lineAbove : 0;
  const begun = blocks.findLastIndex(({ from }) => from < end);
  return blocks.slice(0, Math.max(0, begun));
}

function asWritten(text: string, from: number): TopBlock {
  const children = [{ type: 'text', text: text.slice(from).trimEnd() } as const];
  return { from, block: { type: 'paragraph', children } };
}
