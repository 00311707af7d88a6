import { expect } from 'chai';
import fc from 'fast-check';
import { GrowingText, NODES_MAX } from '../../../../../client/pages/chat/rich-text/growing-text.js';
import { blocksText, nodesOf } from '../../../../../client/pages/chat/rich-text/tree.js';
import { blockOutline } from './outline.js';

/** Pieces of markup, and words. */
const PARTS = [
  ...['a', 'bc', 'd1', ' ', '  ', '    ', '\t', '\n', '\n\n', '> ', '- ', '1. ', '2) ', '- [x] '],
  ...['* ', '+ ', '# ', '```\n', '```ts\n', '~~~', '`', '``', '*', '**', '_', '~~', '[', '![', ']'],
  ...['(', ')', '](https://e.f/)', ' "g"', '<', '>', 'https://e.f/', '|', '|-|-|\n', 'h|i\n', '\\'],
  ...['---\n', ':', '\r\n', '\u202e', '&amp;', 'é', '\u{1f600}']
];
const text = fc.array(fc.constantFrom(...PARTS), { maxLength: 60 }).map((parts) => parts.join(''));
const outlines = (all: ReturnType<GrowingText['blocksOf']>): string[] => all.map(blockOutline);

/** Texts that other parsers need quadratic time for, or overflow their stack on. */
const HOSTILE = [
  ...[
    '>',
    '> ',
    '- ',
    '* ',
    '1. ',
    '1.\n',
    '- \n',
    '> a\n',
    '- a\n  ',
    '* * ',
    '- - x',
    '    ',
    '\t'
  ],
  ...[
    '`',
    '``',
    '`a``b',
    '```\n',
    '~~~ ',
    '*',
    '**',
    '** ',
    '*a **b ',
    'a**b',
    '*a_',
    '*_',
    '_*~~'
  ],
  ...['**a*', '~~', 'a~~b', '[', ']', '![', '[a](', '[a](b', '[](b "', "[](b '", '[a](<', '[[]]('],
  ...['[x](https://a.b)', '](https://a.b)', '<', '<a', '<a@', 'a@', 'https://', 'https://a.b/('],
  ...[
    'https://a.b/!',
    'mailto:a@',
    'h',
    '|',
    '|-',
    '|:-',
    'a|b\n-|-\n',
    'a|b\n',
    '\\',
    '\\|',
    '# '
  ],
  ...['# a #', '#', '\n', '\n\n', '\r', '\0', '&#', '<!--', '\u202e', '\u{1f468}\u200d', 'x', ' \n']
];
const LONG = 65_536;
const TAILS = ['', 'x', '](https://a.b)', '`', '**', '>'];

describe('GrowingText', () => {
  it('shows every letter that is written, in order, except addresses that a link has', () => {
    const letters = (all: string): string =>
      all.replaceAll('https://e.f/', '').replaceAll(/[^a-ik-pr-wyzé\u{1f600}]/gu, '');
    fc.assert(
      fc.property(text, (written) => {
        const shown = blocksText(new GrowingText().blocksOf(written), '\n');
        // The page does not show the title of a link as text.
        const expected = written.replaceAll(' "g"', '');
        expect(letters(shown.replaceAll('"g"', ''))).to.equal(letters(expected));
      }),
      { numRuns: 2_000 }
    );
  });

  it('parses a text that grows to the same as the whole text, however it is cut', () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 5 }), (parts) => {
        const growing = new GrowingText();
        let written = '';
        for (const part of parts) {
          written += part;
          expect(outlines(growing.blocksOf(written))).to.eql(
            outlines(new GrowingText().blocksOf(written))
          );
        }
      }),
      { numRuns: 1_500 }
    );
  });

  it('parses a text to the same when it grows by a character at a time', () => {
    const written =
      'p\nh|i\n-|-\n1|2\n***\n- a\n  - b\n-\n\n\n> c\r\nd\n---\n```\ne\n```\n1. f\n2. g';
    const growing = new GrowingText();
    for (let end = 1; end <= written.length; end += 1) {
      const part = written.slice(0, end);
      expect(outlines(growing.blocksOf(part))).to.eql(outlines(new GrowingText().blocksOf(part)));
    }
  });

  it('keeps the blocks before the last as they are', () => {
    const growing = new GrowingText();
    const first = growing.blocksOf('# a\n\nb\n\n- c\n- d\n\ne');
    const then = growing.blocksOf('# a\n\nb\n\n- c\n- d\n\ne f\n\ng');
    for (const index of [0, 1]) expect(then[index]).to.equal(first[index]);
    expect(outlines(then).slice(2)).to.eql(['ul(li(p(c)) li(p(d)))', 'p(e f)', 'p(g)']);
  });

  it('shows another text when it does not go on', () => {
    const growing = new GrowingText();
    growing.blocksOf('# a\n\nb');
    expect(outlines(growing.blocksOf('c'))).to.eql(['p(c)']);
    expect(outlines(growing.blocksOf(''))).to.eql([]);
    expect(outlines(growing.blocksOf('- d'))).to.eql(['ul(li(p(d)))']);
  });

  it('takes at most 16 steps for a character, however hostile a text of 64 KiB is', () => {
    for (const part of HOSTILE) {
      for (const tail of TAILS) {
        const hostile = part.repeat(LONG / part.length) + tail;
        const growing = new GrowingText({ nodes: Infinity, stepsPerCharacter: Infinity });
        growing.blocksOf(hostile);
        const perCharacter = growing.steps / hostile.length;
        expect(perCharacter, JSON.stringify(part + tail)).to.be.below(16);
      }
    }
  }).timeout(300_000);

  it('takes at most 16 steps for a character of texts that are made of two hostile ones', () => {
    const part = fc.constantFrom(...HOSTILE);
    fc.assert(
      fc.property(part, part, fc.integer({ min: 1, max: 5 }), (one, other, times) => {
        const mixed = (one + other.repeat(times)).repeat(600);
        const growing = new GrowingText({ nodes: Infinity, stepsPerCharacter: Infinity });
        growing.blocksOf(mixed);
        expect(growing.steps / mixed.length).to.be.below(16);
      }),
      { numRuns: 300 }
    );
  }).timeout(300_000);

  it('takes steps only for the last block when a text grows', () => {
    const growing = new GrowingText();
    let written = 'many words\n\n'.repeat(5_000);
    growing.blocksOf(written);
    written += 'more';
    growing.blocksOf(written);
    expect(growing.steps).to.be.below(500);
  });

  it('shows the rest as it was written when a text becomes too many nodes', () => {
    const written = '- a\n- b\n\n# c\n\n**d** e\n\n> f';
    const growing = new GrowingText({ nodes: 10, stepsPerCharacter: 64 });
    expect(outlines(growing.blocksOf(written))).to.eql([
      'ul(li(p(a)) li(p(b)))',
      'p(# c\n\n**d** e\n\n> f)'
    ]);
  });

  it('makes no more nodes of a text than it may', () => {
    for (const part of ['- a\n', '|a|b|\n|-|-|\n', '*a* ', '> a\n\n', '[a](https://b.c) ']) {
      const blocks = new GrowingText().blocksOf(part.repeat(LONG / part.length));
      const nodes = blocks.reduce((all, block) => all + nodesOf(block), 0);
      expect(nodes, part).to.be.at.most(NODES_MAX + 2);
    }
  });

  it('shows a text as it was written when it takes too many steps', () => {
    const growing = new GrowingText({ nodes: NODES_MAX, stepsPerCharacter: 1 });
    expect(outlines(growing.blocksOf('**a** `b`'))).to.eql(['p(**a** `b`)']);
  });
});
