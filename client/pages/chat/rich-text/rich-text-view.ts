import { element } from '../../shared/element.js';
import { textBlocks, textPieces, type TextBlock } from './rich-text.js';

interface ShownBlock {
  readonly block: TextBlock;
  readonly node: HTMLElement;
  /** Where the text of a code block stands. */
  readonly code: HTMLElement | null;
}

/** Shows a text. When the text grows, only its last block is redrawn, in the same element, so that nothing moves. */
export class RichText {
  /** Holds the blocks. */
  readonly node: HTMLDivElement;
  readonly #shown: ShownBlock[] = [];

  constructor(name: string, text = '') {
    this.node = element('div', { class: name });
    this.show(text);
  }

  /** Shows this text instead. */
  show(text: string): void {
    const blocks = textBlocks(text);
    blocks.forEach((block, index) => {
      const shown = this.#shown[index];
      if (shown?.block.source === block.source) return;
      if (block.type === 'code' && shown?.code && shown.block.type === 'code') {
        if (shown.block.language === block.language) {
          // Keep the element, and with it the scroll position of the code.
          shown.code.textContent = block.text;
          this.#shown[index] = { ...shown, block };
          return;
        }
      }
      if (block.type === 'text' && shown?.block.type === 'text') {
        shown.node.replaceChildren(...paragraph(block.source));
        this.#shown[index] = { ...shown, block };
        return;
      }
      const made = make(block);
      if (shown === undefined) this.node.append(made.node);
      else shown.node.replaceWith(made.node);
      this.#shown[index] = made;
    });
    for (const { node } of this.#shown.splice(blocks.length)) node.remove();
  }
}

function make(block: TextBlock): ShownBlock {
  if (block.type === 'text') {
    return {
      block,
      node: element('p', { class: 'piece' }, ...paragraph(block.source)),
      code: null
    };
  }
  const code = element('code', {}, block.text);
  const head =
    block.language === '' ? [] : [element('span', { class: 'language' }, block.language)];
  const node = element(
    'div',
    { class: 'code-block piece' },
    ...head,
    element('pre', { tabindex: '0' }, code)
  );
  return { block, node, code };
}

/** Makes the content of a paragraph. The style sheet sets the space between paragraphs. */
function paragraph(source: string): (Node | string)[] {
  return inline(source.replace(/^\n+/, '').trimEnd());
}

function inline(text: string, where?: 'marked'): (Node | string)[] {
  return textPieces(text, where).map((piece) => {
    if (piece.type === 'link') {
      return element(
        'a',
        { href: piece.href, target: '_blank', rel: 'noopener noreferrer nofollow' },
        piece.text
      );
    }
    if (piece.type === 'code') return element('code', {}, piece.text);
    if (piece.type === 'strong') return element('strong', {}, ...inline(piece.text, 'marked'));
    if (piece.type === 'heading')
      return element('strong', { class: 'heading' }, ...inline(piece.text, 'marked'));
    return piece.text;
  });
}
