import { expect } from 'chai';
import fc from 'fast-check';
import { safeText } from '../../../cli/terminal/safe-text.js';
import { cut, widthOf, wrap } from '../../../cli/terminal/text-width.js';
import { Emulator } from './emulator.js';

const text = fc.string({ unit: 'grapheme', maxLength: 120 }).map(safeText);
const words = fc
  .array(fc.constantFrom('a', 'word', 'a-rather-long-word', '漢字', '👋', ' ', '  '), {
    maxLength: 40
  })
  .map((parts) => parts.join(' '));

describe('wrap', () => {
  it('makes no line wider than it may be and loses nothing but blanks', () => {
    fc.assert(
      fc.property(fc.oneof(text, words), fc.integer({ min: 10, max: 60 }), (all, columns) => {
        const lines = wrap(all, columns);
        for (const line of lines) expect(widthOf(line)).to.be.at.most(columns);
        const bare = (value: string): string => value.replace(/[ \n]/g, '');
        expect(bare(lines.join(''))).to.equal(bare(all));
      })
    );
  });

  it('leaves no line for the terminal to break', async () => {
    for (const columns of [10, 20, 33]) {
      const emulator = new Emulator(columns, 10);
      for (const all of [...fc.sample(text, 60), ...fc.sample(words, 60)]) {
        await emulator.write(
          wrap(all, columns)
            .map((line) => `${line}\r\n`)
            .join('')
        );
      }
      expect(emulator.broken).to.deep.equal([]);
    }
  });

  it('leaves no line with a mark of a script beyond the first plane for the terminal to break', async () => {
    // The emulator gives the nukta of Kaithi (U+110BA) a column, though it is a combining mark. The first text comes
    // from a random run that failed.
    for (const all of [
      '\u{1109b}\u{110ba}\u041a\u0301\u{1110c}\u{11099}\u{110ba}\uf9ca\u{1f823}\u{1d318}\u{11aed}',
      'abcdefgh\u{11099}\u{110ba}z'
    ]) {
      const emulator = new Emulator(10, 10);
      await emulator.write(
        wrap(all, 10)
          .map((line) => `${line}\r\n`)
          .join('')
      );
      expect(emulator.broken).to.deep.equal([]);
    }
  });

  it('breaks between words, and within those that are too long', () => {
    expect(wrap('one two three four', 10)).to.deep.equal(['one two', 'three four']);
    expect(wrap('a https://example.org/x', 10)).to.deep.equal([
      'a',
      'https://ex',
      'ample.org/',
      'x'
    ]);
    expect(wrap('漢字漢字漢字', 11)).to.deep.equal(['漢字漢字漢', '字']);
  });

  it('keeps the breaks and the indentation of a text', () => {
    expect(wrap('if (x)\n    y();\n\nz', 20)).to.deep.equal(['if (x)', '    y();', '', 'z']);
  });

  it('breaks nothing but line breaks when there is no width', () => {
    expect(wrap(`${'x '.repeat(500)}\ny`, Infinity)).to.deep.equal(['x '.repeat(500), 'y']);
  });
});

describe('widthOf', () => {
  it('counts no character narrower than the terminal shows it', async () => {
    const characters = Array.from({ length: 0x1ff60 }, (_, at) =>
      String.fromCodePoint(0xa0 + at)
    ).filter((character) => !/[\p{Cc}\p{Cn}\p{Co}\p{Cs}]/u.test(character));
    const broken: string[] = [];
    for (let from = 0; from < characters.length; from += 1_000) {
      const emulator = new Emulator(10, 10);
      const full = characters
        .slice(from, from + 1_000)
        .map((character) => `${'x'.repeat(10 - widthOf(character))}${character}\r\n`);
      await emulator.write(full.join(''));
      broken.push(...emulator.broken);
    }
    expect(broken).to.deep.equal([]);
  });
});

describe('cut', () => {
  it('fits and says that it was cut', () => {
    expect(cut('hello', 5)).to.equal('hello');
    expect(cut('hello there', 5)).to.equal('hell…');
    expect(cut('漢字漢字', 4)).to.equal('漢…');
  });
});
