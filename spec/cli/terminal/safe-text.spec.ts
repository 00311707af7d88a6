import { expect } from 'chai';
import fc from 'fast-check';
import {
  NAME_SHOWN_MAX,
  safeJson,
  safeLine,
  safeName,
  safeText
} from '../../../cli/terminal/safe-text.js';
import { Emulator } from './emulator.js';

const OBEYED = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f\ufff9-\ufffb\u2028\u2029]/u;

/** Texts with many control characters and escape sequences that must not reach the terminal. */
const hostile = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '\u001b[2J',
        '\u001b]0;x\u0007',
        '\u009b31m',
        '\u202e',
        '\u2066',
        '\r',
        '\n',
        '\t',
        '\u007f',
        '\ud800'
      )
    )
  )
  .map((parts) => parts.join(''));

describe('safeText', () => {
  it('leaves nothing that a terminal obeys but line breaks, whatever it is given', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const safe = safeText(text);
        expect(safe.replaceAll('\n', '')).to.not.match(OBEYED);
        expect(safe.isWellFormed()).to.equal(true);
      })
    );
  });

  it('changes nothing that it has made safe', () => {
    fc.assert(fc.property(hostile, (text) => safeText(safeText(text)) === safeText(text)));
  });

  it('changes nothing that people write', () => {
    const text = 'Grüße, 漢字 и привет\n  👩‍👩‍👧 ❤️ שלום العربية e\u0301 "§$%&"';
    expect(safeText(text)).to.equal(text);
  });

  it('shows that an escape sequence was there', () => {
    expect(safeText('a\u001b[31mb\u0007\u007f\u009b')).to.equal('a␛[31mb␇␡�');
    expect(safeText('abc\u202egpj.exe')).to.equal('abc�gpj.exe');
  });

  it('makes all line breaks one, so that no text returns to the beginning of its line', () => {
    expect(safeText('a\r\nb\rc\u2028d\u0085e')).to.equal('a\nb\nc\nd\ne');
  });

  it('lets a terminal do nothing but print, whatever it is given', async () => {
    const emulator = new Emulator(80, 24);
    for (const text of fc.sample(hostile, 200)) {
      await emulator.write('\u001b[2J\u001b[3J\u001b[H>');
      await emulator.write(safeLine(text).slice(0, 20));
      expect(emulator.lines[0]?.startsWith('>')).to.equal(true);
      expect(emulator.lines.length).to.equal(1);
    }
  });
});

describe('safeName', () => {
  it('leaves nothing unseen in a name, whatever it is given', () => {
    fc.assert(
      fc.property(hostile, (name) => {
        expect(safeName(name)).to.not.match(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u00a0\u3164]/u);
        expect(Array.from(safeName(name)).length).to.be.at.most(NAME_SHOWN_MAX);
      })
    );
  });

  it('tells apart what would look alike', () => {
    for (const twin of ['ad\u200ba', 'ada\u200d', 'ada\u00a0', '\u202aada', 'ada\u3164', 'ada\n']) {
      expect(safeName(twin), JSON.stringify(twin)).to.not.equal('ada').and.not.equal('ada ');
    }
  });

  it('changes nothing in a plain name', () => {
    for (const name of ['ada', 'Grace Hopper', '李小龙', 'o’neil-2@example.org']) {
      expect(safeName(name)).to.equal(name);
    }
  });

  it('ends a name that is too long in …', () => {
    expect(safeName('x'.repeat(128))).to.equal(`${'x'.repeat(31)}…`);
  });
});

describe('safeJson', () => {
  it('leaves nothing that a terminal obeys and the value as it is, whatever it is given', () => {
    fc.assert(
      fc.property(fc.array(hostile), (value) => {
        const json = safeJson(value);
        expect(json).to.not.match(OBEYED);
        expect(JSON.parse(json)).to.deep.equal(value);
      })
    );
  });
});

describe('safeJson of what is nested very deep', () => {
  it('is a note instead, and throws nothing', () => {
    const body: unknown = JSON.parse('['.repeat(5_000) + ']'.repeat(5_000));
    expect(safeJson({ body })).to.equal('"(nested more than 500 deep, not shown)"');
  });
});
