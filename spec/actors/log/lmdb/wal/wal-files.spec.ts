import { readFileSync, statSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { ROOM_BYTES, Segment } from '../../../../../actors/log/lmdb/wal/wal-files.js';
import { recordAt } from '../../../../../actors/log/lmdb/wal/wal-record.js';
import { LogFixture } from '../log-fixture.js';

describe('Segment', () => {
  const fixture = new LogFixture();
  afterEach(() => fixture.clear());

  it('has zeros ahead of its records while it is written to, which a durable write only fills', async () => {
    const segment = await Segment.begin(fixture.dir(), 1, 'disk');
    expect(statSync(segment.path).size).to.equal(ROOM_BYTES);
    await segment.append(Buffer.alloc(1_000, 1));
    expect(statSync(segment.path).size).to.equal(ROOM_BYTES);
    expect(recordAt(readFileSync(segment.path), 1_000)).to.equal(null);
    await segment.close();
    expect(readFileSync(segment.path)).to.deep.equal(Buffer.alloc(1_000, 1));
  });

  it('has none when the writes need not reach the disk', async () => {
    const segment = await Segment.begin(fixture.dir(), 1, 'process');
    await segment.append(Buffer.alloc(1_000, 1));
    expect(statSync(segment.path).size).to.equal(1_000);
    await segment.close();
  });

  it('has what was appended, of whatever size, and nothing but zeros behind it', async () => {
    const sizes = fc.array(fc.nat({ max: ROOM_BYTES * 2 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(sizes, async (parts) => {
        const segment = await Segment.begin(fixture.dir(), 1, 'disk');
        const added = parts.map((size, index) => Buffer.alloc(size + 1, index + 1));
        for (const bytes of added) await segment.append(bytes);
        const whole = Buffer.concat(added);
        const file = readFileSync(segment.path);
        expect(segment.bytes).to.equal(whole.length);
        expect(file.subarray(0, whole.length).equals(whole)).to.equal(true);
        expect(file.subarray(whole.length).every((byte) => byte === 0)).to.equal(true);
        await segment.close();
        expect(readFileSync(segment.path).equals(whole)).to.equal(true);
      }),
      { numRuns: 20 }
    );
  });
});
