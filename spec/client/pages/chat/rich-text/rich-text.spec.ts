import { expect } from 'chai';
import fc from 'fast-check';
import {
  plainLine,
  textBlocks,
  textPieces
} from '../../../../../client/pages/chat/rich-text/rich-text.js';
import { cpuMs } from '../../../../cpu-time.js';

const outline = (text: string): string[] =>
  textBlocks(text).map((block) =>
    block.type === 'code' ? `${block.language}:${block.text}` : block.source
  );

describe('textBlocks', () => {
  it('parts paragraphs at blank lines and keeps lines together', () => {
    expect(outline('one\ntwo\n\n\nthree')).to.eql(['one\ntwo\n\n\n', 'three']);
    expect(outline('\n \n')).to.eql([]);
  });

  it('takes what stands between fences as code, whatever it is', () => {
    const text = 'see\n```ts\nconst a = `${b}`;\n\n**x**\n```\nand\n';
    expect(outline(text)).to.eql(['see\n', 'ts:const a = `${b}`;\n\n**x**\n', 'and\n']);
  });

  it('takes code to the end while its fence is open', () => {
    expect(outline('```\nlet a')).to.eql([':let a']);
    expect(outline('```js')).to.eql(['js:']);
  });

  it('takes no fence in the middle of a line for one', () => {
    expect(outline('a ``` b')).to.eql(['a ``` b']);
    expect(outline('```x``` y')).to.eql(['```x``` y']);
  });

  it('changes nothing but the last block when a text grows', () => {
    const text = fc.array(fc.constantFrom('a', ' ', '\n', '\n\n', '```\n', '`', '**', 'b'));
    fc.assert(
      fc.property(text, text, (before, after) => {
        const now = textBlocks(before.join('')).map(({ source }) => source);
        const then = textBlocks(before.join('') + after.join('')).map(({ source }) => source);
        expect(then.slice(0, Math.max(0, now.length - 1))).to.eql(now.slice(0, -1));
      })
    );
  });

  it('loses nothing but blank lines', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', ' ', '\n', '```', 'b')), (parts) => {
        const text = parts.join('');
        const sources = textBlocks(text).map(({ source }) => source);
        expect(sources.join('').replaceAll(/\s/g, '')).to.equal(text.replaceAll(/\s/g, ''));
      })
    );
  });

  const taken = (text: string): void => {
    for (const { source } of textBlocks(text)) textPieces(source);
  };

  it('takes a line that is nearly marked in a moment of the processor, however long it is', () => {
    const lines = [
      `\`\`\`${' '.repeat(60_000)}\``,
      `\`\`\`${'a'.repeat(60_000)}\``,
      `https://a.b/${'!'.repeat(60_000)}a`,
      `https://a.b/${'!'.repeat(60_000)}`,
      `**a${' '.repeat(60_000)}**`
    ];
    for (const line of lines) {
      expect(
        cpuMs(() => taken(line)),
        line.slice(0, 20)
      ).to.be.below(400);
    }
  });

  it('takes a text of the longest kind in a moment of the processor, however it is made', () => {
    for (const part of ['`', '**', '** ', '\n', 'a', '```\n', '# ', 'https://']) {
      const text = part.repeat(262_144 / part.length);
      expect(
        cpuMs(() => taken(text)),
        JSON.stringify(part)
      ).to.be.below(1_000);
    }
  });
});

describe('textPieces', () => {
  it('finds addresses and leaves sentence marks out', () => {
    expect(textPieces('see https://example.org/a?b=1, or (http://x.test).')).to.eql([
      { type: 'plain', text: 'see ' },
      { type: 'link', text: 'https://example.org/a?b=1', href: 'https://example.org/a?b=1' },
      { type: 'plain', text: ', or (' },
      { type: 'link', text: 'http://x.test', href: 'http://x.test' },
      { type: 'plain', text: ').' }
    ]);
  });

  it('links nothing but http and https', () => {
    for (const text of ['javascript:alert(1)', 'data:text/html,x', 'HTTPS', 'https://']) {
      expect(textPieces(text)).to.eql([{ type: 'plain', text }]);
    }
  });

  it('finds code, bold words and headings', () => {
    expect(textPieces('## Why **so**\nuse `a **b**` or **c d**')).to.eql([
      { type: 'heading', text: 'Why **so**' },
      { type: 'plain', text: '\nuse ' },
      { type: 'code', text: 'a **b**' },
      { type: 'plain', text: ' or ' },
      { type: 'strong', text: 'c d' }
    ]);
  });

  it('finds no heading in what is marked already, so that marks do not nest without end', () => {
    const [heading] = textPieces('# '.repeat(6_000) + 'x');
    expect(heading?.type).to.equal('heading');
    const inner = heading?.text ?? '';
    expect(textPieces(inner, 'marked')).to.eql([{ type: 'plain', text: inner }]);
  });

  it('leaves marks alone that mark nothing', () => {
    for (const text of ['2 ** 3 ** 4', '****', '`', '#channel', 'a `b\nc`', '#']) {
      expect(textPieces(text)).to.eql([{ type: 'plain', text }]);
    }
  });

  it('loses no character of what it marks not, whatever is written', () => {
    const words = fc.oneof(fc.string(), fc.webUrl(), fc.constant('https://'));
    fc.assert(
      fc.property(fc.array(words), (parts) => {
        const text = parts.join(' ');
        const pieces = textPieces(text);
        const marks = /[`*#\s]/g;
        const kept = pieces.map((piece) => piece.text).join('');
        expect(kept.replaceAll(marks, '')).to.equal(text.replaceAll(marks, ''));
        for (const piece of pieces) {
          if (piece.type === 'link') expect(piece.href).to.match(/^https?:/);
        }
      })
    );
  });
});

describe('plainLine', () => {
  it('is the text without marks, in one line', () => {
    expect(plainLine('# Why\n\n**So** `a`\n```ts\nx\n```')).to.equal('Why So a ts x');
  });
});
