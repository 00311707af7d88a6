import { expect } from 'chai';
import fc from 'fast-check';
import type { LogKey } from '../../../../../actors/log/lmdb/log-keys.js';
import {
  decodePayload,
  encodeRecord,
  keyText,
  nextRecord,
  recordAt
} from '../../../../../actors/log/lmdb/wal/wal-record.js';

/** Parts of keys have no control characters; log-keys.ts says why. */
const part = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }).filter((text) => !/\p{Cc}/u.test(text)),
  fc.nat()
);
const key = fc
  .tuple(fc.constantFrom('e', 'm', 'r', 'x'), fc.array(part, { maxLength: 3 }))
  .map(([tag, rest]): LogKey => [tag, ...rest]);
const write = fc.record({
  key,
  value: fc.option(fc.string({ unit: 'grapheme', maxLength: 40 }))
});
const writes = fc.array(write, { minLength: 1, maxLength: 6 });

describe('encodeRecord', () => {
  it('is read back as it was, whatever rows it has', () => {
    fc.assert(
      fc.property(writes, fc.nat(), (changes, number) => {
        const bytes = encodeRecord(number, changes);
        const found = recordAt(Buffer.concat([bytes, Buffer.from('more')]), 0);
        expect(found?.number).to.equal(number);
        expect(found?.end).to.equal(bytes.length);
        expect(decodePayload(found?.payload ?? Buffer.alloc(0))).to.deep.equal(changes);
      })
    );
  });

  it('is not read when a bit was flipped or the end is missing', () => {
    fc.assert(
      fc.property(writes, fc.nat(), fc.nat(), (changes, place, cut) => {
        const bytes = encodeRecord(7, changes);
        const flipped = Buffer.from(bytes);
        const bit = place % (bytes.length * 8);
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(recordAt(flipped, 0)).to.equal(null);
        expect(recordAt(bytes.subarray(0, cut % bytes.length), 0)).to.equal(null);
      })
    );
  });
});

describe('nextRecord', () => {
  it('finds the first whole record behind a damaged one', () => {
    const [one, two] = [1, 2].map((number) => encodeRecord(number, [{ key: ['x'], value: 'v' }]));
    const bytes = Buffer.concat([one ?? Buffer.alloc(0), two ?? Buffer.alloc(0)]);
    bytes[20] = 255;
    expect(recordAt(bytes, 0)).to.equal(null);
    expect(nextRecord(bytes, 0)).to.include({ number: 2, at: one?.length });
    expect(nextRecord(bytes, one?.length ?? 0)).to.equal(null);
  });
});

describe('keyText', () => {
  it('is different for different keys', () => {
    fc.assert(
      fc.property(key, key, (one, other) => {
        const isSame = JSON.stringify(one) === JSON.stringify(other);
        expect(keyText(one) === keyText(other)).to.equal(isSame);
      })
    );
  });
});
