/** Says which elements a block becomes. Only these tags and attributes can come from a text. */
import type { Block, Inline, ListItem, Table } from './tree.js';

/** A tag that a text may become. */
export type DrawnTag =
  | 'a'
  | 'blockquote'
  | 'button'
  | 'code'
  | 'del'
  | 'div'
  | 'em'
  | 'hr'
  | 'li'
  | 'ol'
  | 'p'
  | 'pre'
  | 'span'
  | 'strong'
  | 'table'
  | 'tbody'
  | 'td'
  | 'th'
  | 'thead'
  | 'tr'
  | 'ul';

/** The attributes that a text may set. */
export type DrawnAttributes = Readonly<
  Partial<
    Record<
      | 'aria-label'
      | 'class'
      | 'href'
      | 'rel'
      | 'role'
      | 'scope'
      | 'start'
      | 'tabindex'
      | 'target'
      | 'title'
      | 'type',
      string
    >
  >
>;

/** An element as a plain value, or a text. Two texts never stand beside each other. */
export type Drawn = DrawnElement | string;

/** An element as a plain value. */
export interface DrawnElement {
  readonly tag: DrawnTag;
  readonly attributes: DrawnAttributes;
  readonly children: readonly Drawn[];
}

/** Embeddings, overrides and isolates, which can make a text or an address read like another one. */
const TURNING = /[\u202a-\u202e\u2066-\u2069]/g;

/** Shows the characters that turn the direction of writing, as names do. */
export function shownText(text: string): string {
  return text.replace(TURNING, '\ufffd');
}

/** Returns the element of a block. */
export function drawn(block: Block): DrawnElement {
  switch (block.type) {
    case 'paragraph':
      return piece('p', inline(block.children));
    case 'heading':
      return piece('p', [make('strong', { class: 'heading' }, inline(block.children))]);
    case 'rule':
      return piece('hr', []);
    case 'code':
      return codeBlock(block.language, block.text);
    case 'quote':
      return piece('blockquote', block.children.map(drawn));
    case 'list': {
      const items = block.items.map(item);
      if (block.start === null) return piece('ul', items);
      return make('ol', { class: 'piece', start: String(block.start) }, items);
    }
    case 'table':
      return table(block);
  }
}

function codeBlock(language: string, text: string): DrawnElement {
  const name = language === '' ? [] : [shownText(language)];
  const copy = { class: 'quiet copy', type: 'button', 'aria-label': 'Copy code' };
  return make('div', { class: 'code-block piece' }, [
    make('div', { class: 'code-head' }, [
      make('span', { class: 'language' }, name),
      make('button', copy, ['Copy'])
    ]),
    make('pre', { tabindex: '0' }, [make('code', {}, text === '' ? [] : [shownText(text)])])
  ]);
}

function item({ done, children }: ListItem): DrawnElement {
  const blocks = children.map(drawn);
  if (done === null) return make('li', {}, blocks);
  const box = {
    class: done ? 'task done' : 'task',
    role: 'img',
    'aria-label': done ? 'done:' : 'to do:'
  };
  return make('li', { class: 'task-item' }, [make('span', box, []), ...blocks]);
}

function table({ aligns, head, rows }: Table): DrawnElement {
  const cells = (tag: 'td' | 'th', row: Table['head']): DrawnElement =>
    make(
      'tr',
      {},
      row.map((cell, index) => {
        const align = aligns[index] ?? 'start';
        const scope: DrawnAttributes = tag === 'th' ? { scope: 'col' } : {};
        return make(
          tag,
          align === 'start' ? scope : { ...scope, class: `to-${align}` },
          inline(cell)
        );
      })
    );
  const body = rows.map((row) => cells('td', row));
  // It scrolls by itself where it is wider than the message, so the keyboard must reach it.
  return make(
    'div',
    { class: 'table piece', tabindex: '0', role: 'group', 'aria-label': 'Table' },
    [
      make('table', {}, [
        make('thead', {}, [cells('th', head)]),
        ...(body.length === 0 ? [] : [make('tbody', {}, body)])
      ])
    ]
  );
}

function inline(parts: readonly Inline[]): Drawn[] {
  return parts.map((part) => {
    switch (part.type) {
      case 'text':
        return shownText(part.text);
      case 'code':
        return make('code', {}, [shownText(part.text)]);
      case 'strong':
        return make('strong', {}, inline(part.children));
      case 'emphasis':
        return make('em', {}, inline(part.children));
      case 'deleted':
        return make('del', {}, inline(part.children));
      case 'link': {
        const { href, where } = part;
        const rel = 'noopener noreferrer nofollow';
        const host = where === null ? [] : [make('span', { class: 'where' }, [` (${where})`])];
        return make('a', { href, title: href, target: '_blank', rel }, [
          ...inline(part.children),
          ...host
        ]);
      }
    }
  });
}

function piece(tag: DrawnTag, children: readonly Drawn[]): DrawnElement {
  return make(tag, { class: 'piece' }, children);
}

function make(
  tag: DrawnTag,
  attributes: DrawnAttributes,
  children: readonly Drawn[]
): DrawnElement {
  return { tag, attributes, children };
}
