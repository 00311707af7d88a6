import { expect } from 'chai';
import fc from 'fast-check';
import { drawn, type Drawn } from '../../../../../client/pages/chat/rich-text/drawn.js';
import { GrowingText } from '../../../../../client/pages/chat/rich-text/growing-text.js';

/** The attributes that each tag may have. */
const ALLOWED: Record<string, readonly string[]> = {
  a: ['href', 'title', 'target', 'rel'],
  blockquote: ['class'],
  button: ['class', 'type', 'aria-label'],
  code: [],
  del: [],
  div: ['class', 'tabindex', 'role', 'aria-label'],
  em: [],
  hr: ['class'],
  li: ['class'],
  ol: ['class', 'start'],
  p: ['class'],
  pre: ['tabindex'],
  span: ['class', 'role', 'aria-label'],
  strong: ['class'],
  table: [],
  tbody: [],
  td: ['class'],
  th: ['class', 'scope'],
  thead: [],
  tr: [],
  ul: ['class']
};

function all(text: string): Drawn[] {
  const flat = (one: Drawn): Drawn[] =>
    typeof one === 'string' ? [one] : [one, ...one.children.flatMap(flat)];
  return new GrowingText().blocksOf(text).map(drawn).flatMap(flat);
}

describe('drawn', () => {
  it('makes only allowed elements, attributes and addresses of any text', () => {
    const parts = fc.oneof(
      fc.string(),
      fc.constantFrom('[a](', 'javascript:x', 'https://b.c', ')', '<img src=x>', '- ', '1. ', '> '),
      fc.constantFrom('`', '```', '\n', '**', '|a|b|\n|-|:-:|\n', '- [x] ', 'data:,x', '\u202e')
    );
    fc.assert(
      fc.property(fc.array(parts), (written) => {
        for (const one of all(written.join(''))) {
          if (typeof one === 'string') {
            expect(one).to.match(/^[^\u202a-\u202e\u2066-\u2069]+$/);
            continue;
          }
          const { href } = one.attributes;
          expect(ALLOWED).to.have.property(one.tag);
          expect(ALLOWED[one.tag]).to.include.members(Object.keys(one.attributes));
          if (href !== undefined) expect(href).to.match(/^(?:https?:\/\/[^/]|mailto:.)/);
        }
      }),
      { numRuns: 1_000 }
    );
  });

  it('never puts two texts beside each other', () => {
    const written = 'a *b* [c](https://d.e) \\* `f` [g';
    for (const one of all(written)) {
      if (typeof one === 'string') continue;
      one.children.forEach((child, index) => {
        expect(typeof child === 'string' && typeof one.children[index + 1] === 'string').to.equal(
          false
        );
      });
    }
  });

  it('sends a link’s reader to a new page without saying where from, and shows the address', () => {
    const [, link, text, where, shown] = all('[a](https://b.c/d)');
    expect(link).to.have.deep.property('attributes', {
      href: 'https://b.c/d',
      title: 'https://b.c/d',
      target: '_blank',
      rel: 'noopener noreferrer nofollow'
    });
    expect(text).to.equal('a');
    expect(where).to.have.property('tag', 'span');
    expect(shown).to.equal(' (b.c)');
  });

  it('shows characters that turn the direction of writing, in text, code and languages', () => {
    const shown = all('\u202ea `\u2066b`\n```\u202ec\nd\u2069\n```');
    expect(shown.filter((one) => typeof one === 'string')).to.eql([
      '\ufffda ',
      '\ufffdb',
      '\ufffdc',
      'Copy',
      'd\ufffd\n'
    ]);
  });
});
