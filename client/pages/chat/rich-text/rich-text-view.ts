import { element } from '../../shared/element.js';
import { drawn, type DrawnElement } from './drawn.js';
import { GrowingText } from './growing-text.js';
import { redraw } from './redraw.js';
import type { Block } from './tree.js';

/** Shows a text. When the text grows, only its last block is redrawn, in the same elements, so that nothing moves. */
export class RichText {
  /** Holds the blocks. */
  readonly node: HTMLDivElement;
  readonly #text = new GrowingText();
  #blocks: readonly Block[] = [];
  #drawn: readonly DrawnElement[] = [];

  constructor(name: string, text = '') {
    this.node = element('div', { class: `${name} rich` });
    this.show(text);
  }

  /** Shows this text instead. */
  show(text: string): void {
    const blocks = this.#text.blocksOf(text);
    const next = blocks.map((block, index) => {
      const known = this.#drawn[index];
      return known !== undefined && this.#blocks[index] === block ? known : drawn(block);
    });
    redraw(this.node, this.#drawn, next);
    this.#blocks = blocks;
    this.#drawn = next;
  }
}
