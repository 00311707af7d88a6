import { expect } from 'chai';
import fc from 'fast-check';
import { LINE_MAX, linesOf, type InputLine } from '../../../cli/terminal/stdin-lines.js';

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(text: string, size = 7): Promise<InputLine[]> {
  const lines: InputLine[] = [];
  for await (const line of linesOf(inPieces(new TextEncoder().encode(text), size))) {
    lines.push(line);
  }
  return lines;
}

describe('linesOf', () => {
  it('gives the same lines in whatever pieces the input comes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme' }).map((text) => text.replace(/[\r\n]/g, ''))),
        fc.integer({ min: 1, max: 40 }),
        async (texts, size) => {
          const lines = await read(texts.map((text) => `${text}\n`).join(''), size);
          expect(lines.map(({ text }) => text)).to.deep.equal(texts);
        }
      )
    );
  });

  it('takes a last line without an end, and the line ends of Windows', async () => {
    expect((await read('one\r\ntwo')).map(({ text }) => text)).to.deep.equal(['one', 'two']);
  });

  it('holds no more than one line may have, and says that it was cut', async () => {
    const lines = await read(`${'x'.repeat(LINE_MAX + 5)}\nnext\n`, 65_536);
    expect(lines.map(({ text, isCut }) => [text.length, isCut])).to.deep.equal([
      [LINE_MAX, true],
      [4, false]
    ]);
  });
});
