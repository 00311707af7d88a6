import { GrowingText } from '../../../../../client/pages/chat/rich-text/growing-text.js';
import type { Block, Inline } from '../../../../../client/pages/chat/rich-text/tree.js';

/** Returns the parsed blocks of a text in one line: `p(words strong(bold)) ul(li(p(item)))`. */
export function outline(text: string): string {
  return new GrowingText().blocksOf(text).map(blockOutline).join(' ');
}

/** Returns one block in the same form. */
export function blockOutline(block: Block): string {
  switch (block.type) {
    case 'paragraph':
      return `p(${inlineOutline(block.children)})`;
    case 'heading':
      return `h(${inlineOutline(block.children)})`;
    case 'code':
      return `code[${block.language}](${block.text})`;
    case 'rule':
      return 'rule';
    case 'quote':
      return `quote(${block.children.map(blockOutline).join(' ')})`;
    case 'list': {
      const items = block.items.map(({ done, children }) => {
        const box = done === null ? '' : done ? '[x]' : '[ ]';
        return `li${box}(${children.map(blockOutline).join(' ')})`;
      });
      const name = block.start === null ? 'ul' : `ol${String(block.start)}`;
      return `${name}(${items.join(' ')})`;
    }
    case 'table': {
      const rows = [block.head, ...block.rows].map((row) => row.map(inlineOutline).join('|'));
      return `table[${block.aligns.join(' ')}](${rows.join(' / ')})`;
    }
  }
}

function inlineOutline(parts: readonly Inline[]): string {
  return parts
    .map((part) => {
      if (part.type === 'text') return part.text;
      if (part.type === 'code') return `code(${part.text})`;
      const inside = inlineOutline(part.children);
      if (part.type !== 'link') return `${part.type}(${inside})`;
      return `a<${part.href}>(${inside}${part.where === null ? '' : ` @${part.where}`})`;
    })
    .join('');
}
