import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { LogPages } from '../../../../../actors/log/lmdb/disk/pages/log-pages.js';
import { append, appendMany, entry, LogFixture } from '../log-fixture.js';
import { FlipChild, type Flip } from './flip-child.js';

const PAGE_BYTES = 4_096;
const ROOT = 0x88;
const FREE_ROOT = 0x58;
const TRANSACTION = 0x98;
const HEADER_BYTES = 168;

describe('a data file with flipped bits', function () {
  this.timeout(300_000);
  const fixture = new LogFixture();
  let child: FlipChild | null = null;
  afterEach(async () => {
    await child?.close();
    child = null;
    await fixture.clear();
  });

  /** The folder of a closed log whose file has free pages, two levels of pages and a big value. */
  async function sound(): Promise<string> {
    const dir = fixture.dir();
    const log = await fixture.open({ dir, retention: { messages: 100, days: null } });
    for (const thread of ['t1', 't2', 't3']) await appendMany(log, thread, 120);
    await append(log, 't1', entry('big', { bodyJson: JSON.stringify('x'.repeat(20_000)) }));
    await log.setReadMark('t1', 'bob', 110);
    await log.close();
    return dir;
  }

  /** The folder of a closed log with one message, all of which is on one page. */
  async function small(): Promise<string> {
    const dir = fixture.dir();
    const log = await fixture.open({ dir });
    await append(log, 't1', entry('m1'));
    await log.close();
    return dir;
  }

  async function expectServed(dir: string, cases: Iterable<readonly Flip[]>): Promise<void> {
    child ??= new FlipChild(join(dir, 'data.mdb'));
    for (const flips of cases) {
      expect(await child.ask(flips), JSON.stringify(flips)).to.match(/^(sound|rebuilt|refused)$/);
    }
  }

  for (const [what, make, step] of [
    ['a small log', small, 1],
    ['a log of many pages', sound, 24]
  ] as const) {
    it(`are all noticed before the storage engine sees them, but for those that do no harm, in ${what}`, async () => {
      const dir = await make();
      const file = new DataFile(dir);
      const harmless: Flip[] = [];
      for (const at of file.structure(step)) {
        for (let bit = 0; bit < 8; bit += 1) {
          if (file.isNoticed([at, bit])) continue;
          expect(file.isHarmless([at, bit]), `byte ${String(at)}, bit ${String(bit)}`).to.equal(
            true
          );
          harmless.push([at, bit]);
        }
      }
      file.close();
      const some = harmless.filter((_, index) => index % Math.ceil(harmless.length / 50) === 0);
      await expectServed(
        dir,
        some.map((flip) => [flip])
      );
    });
  }

  it('of what the engine trusts do not end the process', async () => {
    const dir = await sound();
    const file = new DataFile(dir);
    const { newest, free } = file;
    const older = PAGE_BYTES - newest;
    const [list = 0] = file.freeRows();
    file.close();
    const fields = [
      ...[0x12, 0x18, 0x1c, 0x20, 0x2b, 0x30, 0x31, 0x34],
      ...[0x5c, 0x64, 0x8a, 0x92, 0x98, 0x9a]
    ];
    const inOlder = fields.map((at, index): Flip => [older + at, index % 2]);
    const inList: Flip[] = [
      // Of the first row of free pages: its key, its number of words, the first of them.
      ...[-8, -1, 0, 1, 7, 8, 9, 15].map((at): Flip => [list + at, 4]),
      // Of its page: where rows are.
      [free + 18, 1],
      [free + 20, 1],
      [free + 22, 2],
      [free + 24, 3]
    ];
    await expectServed(dir, [
      // Kind, magic, version, fixed address, size of the mapping and of pages, kinds of keys, roots, last page, commit.
      ...fields.map((at, index) => [[newest + at, index % 2]] as const),
      ...inOlder.map((flip) => [flip]),
      ...inList.map((flip) => [flip]),
      // The newer header does not count any more, and something else was altered too.
      ...[...inOlder, ...inList].map((flip): Flip[] => [[newest + TRANSACTION, 3], flip])
    ]);
  });

  it('in threes, anywhere, alter nothing that is served', async () => {
    const dir = await sound();
    const { length } = readFileSync(join(dir, 'data.mdb'));
    const flip = fc.tuple(fc.integer({ min: 0, max: length - 1 }), fc.integer({ min: 0, max: 7 }));
    await fc.assert(
      fc.asyncProperty(fc.array(flip, { minLength: 1, maxLength: 3 }), (flips) =>
        expectServed(dir, [flips])
      ),
      { numRuns: 40 }
    );
  });
});

/** A data file of the engine, of which bits are flipped and put back. */
class DataFile {
  readonly #dir: string;
  readonly #bytes: Buffer;
  readonly #file: number;
  /** Where the newer header begins, and the first pages of the free list and of the rows. */
  readonly newest: number;
  readonly free: number;
  readonly #rows: number;
  /** Bytes with the lengths of values and keys, odd ones of which take as much room as the even ones above. */
  readonly #lengths = new Set<number>();

  constructor(dir: string) {
    this.#dir = dir;
    const path = join(dir, 'data.mdb');
    this.#bytes = readFileSync(path);
    this.#file = openSync(path, 'r+');
    const isSecond = this.#word(PAGE_BYTES + TRANSACTION) > this.#word(TRANSACTION);
    this.newest = isSecond ? PAGE_BYTES : 0;
    this.free = this.#word(this.newest + FREE_ROOT) * PAGE_BYTES;
    this.#rows = this.#word(this.newest + ROOT) * PAGE_BYTES;
  }

  close(): void {
    closeSync(this.#file);
  }

  /** Bytes of both headers, and of all that the engine goes by on every so many pages of the trees. */
  *structure(step: number): Iterable<number> {
    for (const header of [0, PAGE_BYTES]) yield* bytes(header, HEADER_BYTES);
    for (const [index, page] of [this.free, ...this.#pages(this.#rows)].entries()) {
      if (index % step !== 0) continue;
      yield* bytes(page, 24);
      for (const [pointer, node] of this.#nodes(page)) {
        yield* bytes(pointer, 2);
        this.#lengths.add(node).add(node + 6);
        yield* bytes(node, 8);
      }
    }
    for (const value of this.freeRows()) yield* bytes(value - 8, 16);
  }

  /** Where the values of the list of free pages begin, behind their keys of eight bytes. */
  freeRows(): number[] {
    return this.#nodes(this.free).map(([, node]) => node + 16);
  }

  isNoticed([at, bit]: Flip): boolean {
    const byte = this.#bytes[at] ?? 0;
    writeSync(this.#file, Buffer.from([byte ^ (1 << bit)]), 0, 1, at);
    let isNoticed = false;
    const pages = LogPages.open(this.#dir, () => (isNoticed = true));
    if (pages === null) return true;
    for (const row of pages.rows()) isNoticed ||= row.key.length === 0;
    pages.close();
    writeSync(this.#file, Buffer.from([byte]), 0, 1, at);
    return isNoticed;
  }

  /** Whether the engine does not go by this bit, or it is part of a row, which its checksum covers. */
  isHarmless([at, bit]: Flip): boolean {
    if (bit === 0 && this.#lengths.has(at)) return true;
    const page = at - (at % PAGE_BYTES);
    const byte = at - page;
    // Pages are free earlier, or not found to be free.
    if (this.freeRows().some((value) => at >= value - 8 && at < value + 8)) return true;
    // A commit of a page may be any that is not newer than what leads to it.
    if (page >= 2 * PAGE_BYTES) return byte >= 8 && byte < 16;
    // The size of the mapping, and the name of the boot.
    if ((byte >= 0x28 && byte < 0x30) || byte >= 0xa0) return true;
    // The next commit overwrites the older header, of which only what is not written again counts, and one root.
    const isKind = byte < 0x36 || (byte >= 0x60 && byte < 0x66) || byte >= TRANSACTION;
    return page !== this.newest && !isKind;
  }

  #word(at: number): number {
    return Number(this.#bytes.readBigUInt64LE(at));
  }

  *#pages(page: number): Iterable<number> {
    yield page;
    if (this.#bytes.readUInt16LE(page + 18) !== 1) return;
    for (const [, node] of this.#nodes(page)) {
      yield* this.#pages(this.#bytes.readUInt32LE(node) * PAGE_BYTES);
    }
  }

  /** Of each row of a page: where it is said where it begins, and where it begins. */
  #nodes(page: number): [pointer: number, node: number][] {
    const count = this.#bytes.readUInt16LE(page + 20) / 2;
    return Array.from({ length: count }, (_, index) => {
      const pointer = page + 24 + index * 2;
      return [pointer, page + 24 + this.#bytes.readUInt16LE(pointer)];
    });
  }
}

function* bytes(at: number, length: number): Iterable<number> {
  for (let byte = at; byte < at + length; byte += 1) yield byte;
}
