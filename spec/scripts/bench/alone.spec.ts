import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { systemClock } from '../../../actors/clock.js';
import { checkLog } from '../../../actors/log/lmdb/check/log-check.js';
import { openLmdbLog } from '../../../actors/log/lmdb/lmdb-log.js';
import type { Figure } from '../../../scripts/bench/figures.js';
import { knownThread, LISTED_USER, makeKnownLog } from '../../../scripts/bench/known-log.js';
import { summary } from '../../../scripts/bench/rows/alone/half-load.js';
import { nextPlace } from '../../../scripts/bench/rows/alone/many-threads.js';

const BENCH = fileURLToPath(new URL('../../../scripts/bench.ts', import.meta.url));

describe('makeKnownLog', () => {
  it('makes a sound log in which every tenth thread is of one user', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'rollcall-known-spec-'));
    try {
      await makeKnownLog(dir, 25, 50);
      expect(await checkLog(join(dir, 'log'))).to.deep.include({
        threads: 25,
        messages: 25,
        problemCount: 0
      });
      const log = await openLmdbLog({
        dir: join(dir, 'log'),
        durability: 'process',
        clock: systemClock,
        retention: { messages: null, days: null },
        isFeedRead: false,
        onListenerFault: () => undefined,
        newEpoch: () => 'e'
      });
      const { threads } = log.userThreads(LISTED_USER, null, 10, 10_000);
      expect(threads.map(({ thread }) => thread)).to.deep.equal([20, 10, 0].map(knownThread));
      expect(log.read(knownThread(24), 0, 1, 1_000)[0]?.frame).to.contain('"mid":"mid-0000024"');
      await log.close();
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });
});

describe('nextPlace', () => {
  it('is what the frame names, and nothing after the last page', () => {
    const next = { before: 5, beforeThread: 't' };
    expect(nextPlace(JSON.stringify({ type: 'threads', threads: [], next }))).to.deep.equal(next);
    expect(nextPlace('{"type":"threads","threads":[]}')).to.equal(null);
  });
});

describe('summary of half-load', () => {
  it('compares the last looks with those after the first fifth', () => {
    const looks = Array.from({ length: 60 }, (_, at) => ({ own: at < 12 ? 9_999 : 100 + at }));
    const { grown, warnings } = summary(looks, 2);
    expect(grown).to.be.closeTo(153.5 / 117.5, 1e-9);
    expect(warnings).to.equal(2);
  });
});

describe('scripts/bench.ts with rows of Rollcall alone', () => {
  it('completes them when everything is tiny', async function () {
    this.timeout(240_000);
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...['--import', 'tsx', BENCH, '--tiny', '--json', '--peers', ''],
      ...['--only', 'known,half-load']
    ]);
    const { figures, failures } = JSON.parse(stdout) as { figures: Figure[]; failures: unknown[] };
    expect(failures).to.deep.equal([]);
    for (const { scenario, value, validity } of figures) {
      expect(value, scenario).to.be.a('number');
      expect(validity, scenario).to.include({ lost: 0, duplicated: 0, faults: 0 });
    }
    const ofOwn = figures.filter(({ server }) => server === 'rollcall');
    expect(ofOwn.map(({ scenario }) => scenario)).to.include.members([
      '20 known threads: start to serving',
      '20 known threads: own memory after use',
      "20 known threads: a page of a user's threads, longest",
      '20 known threads: event-loop delay, longest',
      '50 messages/s for 3 s: own memory, end over begin',
      '50 messages/s for 3 s: warnings and findings'
    ]);
    const few = figures.filter(({ server }) => server === 'rollcall, 10');
    expect(few.map(({ isMet }) => isMet)).to.deep.equal(few.map(() => null));
  });
});
