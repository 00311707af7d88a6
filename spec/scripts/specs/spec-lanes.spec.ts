import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  balance,
  failureLines,
  laneResult,
  runLanes,
  slowestLines,
  sum,
  withMeasured
} from '../../../scripts/specs/spec-lanes.mjs';

describe('balance', () => {
  const seconds = (lane: readonly string[], times: Readonly<Record<string, number>>): number =>
    lane.reduce((total, path) => total + (times[path] ?? 0), 0);

  it('puts the longest file into one lane and all others into the other when they take as long', () => {
    const times = { a: 10, b: 3, c: 3, d: 4 };
    expect(balance(['a', 'b', 'c', 'd'], times, 2)).to.deep.equal([['a'], ['b', 'c', 'd']]);
  });

  it('counts a file without a time as the average of the others', () => {
    // The new one counts as 5, so it goes into the lane with the least: beside 1 and not beside 9.
    expect(balance(['a', 'new', 'b'], { a: 9, b: 1 }, 2)).to.deep.equal([['a'], ['new', 'b']]);
  });

  it('deals files out evenly when no time is known', () => {
    expect(balance(['a', 'b', 'c', 'd'], {}, 2)).to.deep.equal([
      ['a', 'c'],
      ['b', 'd']
    ]);
  });

  it('ignores times of files that are gone', () => {
    expect(balance(['a', 'b'], { a: 1, b: 1, gone: 100 }, 2)).to.deep.equal([['a'], ['b']]);
  });

  it('puts every file into exactly one lane, in order, and no lane above another by more than one file takes', () => {
    const someTimes = fc.array(fc.integer({ min: 1, max: 600 }), { maxLength: 40 });
    fc.assert(
      fc.property(someTimes, fc.integer({ min: 1, max: 4 }), (all, count) => {
        const files = all.map((_time, index) => `f${String(index).padStart(2, '0')}`);
        const times = Object.fromEntries(files.map((path, index) => [path, all[index] ?? 0]));
        const lanes = balance(files, times, count);
        expect(lanes).to.have.lengthOf(count);
        expect(lanes.flat().sort()).to.deep.equal(files);
        for (const lane of lanes) expect(lane).to.deep.equal([...lane].sort());
        const totals = lanes.map((lane) => seconds(lane, times));
        expect(Math.max(...totals) - Math.min(...totals)).to.be.at.most(Math.max(0, ...all));
      })
    );
  });
});

describe('laneResult', () => {
  const whole = { passed: 3, failed: 0, skipped: 1, isWhole: true, files: [], failures: [] };

  it('answers the numbers as they are when the lane came to its end', () => {
    expect(laneResult(JSON.stringify(whole), null)).to.deep.equal(whole);
  });

  it('adds no failure when the process ended badly because specs failed', () => {
    const failed = { ...whole, failed: 2 };
    expect(laneResult(JSON.stringify(failed), new Error('code 2'))).to.deep.equal(failed);
  });

  it('counts and names a failure when all specs passed and the process ended badly', () => {
    const { failed, failures } = laneResult(JSON.stringify(whole), new Error('code 1'));
    expect(failed).to.equal(1);
    expect(failures).to.deep.equal([
      {
        path: 'spec',
        title: 'a lane of the specs failed after its last spec',
        message: 'code 1'
      }
    ]);
  });

  it('keeps what was counted and counts a failure more when the lane ended too early', () => {
    const cut = { ...whole, isWhole: false };
    expect(laneResult(JSON.stringify(cut), null)).to.deep.include({ passed: 3, failed: 1 });
  });

  it('counts a failure when the lane wrote nothing', () => {
    const { failed, failures } = laneResult('', new Error('killed'));
    expect(failed).to.equal(1);
    expect(failureLines(failures)).to.deep.equal([
      '  spec: a lane of the specs ended too early, before its first spec: killed'
    ]);
  });
});

describe('runLanes', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'rollcall-lanes-'));
    writeFileSync(join(folder, 'fine.mjs'), "describe('fine', () => { it('passes', () => {}); });");
    writeFileSync(
      join(folder, 'dies.mjs'),
      "describe('one', () => { it('passes', () => {}); });" +
        "describe('wrong', () => { before(() => { throw new Error('no server\\nwhy'); }); it('waits', () => {}); });" +
        "describe('two', () => { it('ends the process as if all were well', () => process.exit(0)); });"
    );
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('keeps the numbers and the output of both lanes and says that one died when one dies', async () => {
    const printed: string[] = [];
    const lanes = await runLanes([[join(folder, 'dies.mjs')], [join(folder, 'fine.mjs')]], [], {
      live: null,
      print: (text) => printed.push(text)
    });
    expect(printed.map((text) => text.includes('passes'))).to.deep.equal([true, true]);
    expect(lanes.map(({ passed, failed, isWhole }) => ({ passed, failed, isWhole }))).to.deep.equal(
      [
        { passed: 1, failed: 2, isWhole: false },
        { passed: 1, failed: 0, isWhole: true }
      ]
    );
    expect(sum(lanes)).to.include({ passed: 2, failed: 2, isWhole: false });
    const failures = failureLines(sum(lanes).failures);
    expect(failures).to.have.lengthOf(2);
    expect(failures[0]).to.match(
      /^ {2}.*dies\.mjs: wrong "before all" hook for "waits": no server$/
    );
    expect(failures[1]).to.match(
      /^ {2}.*dies\.mjs: a lane of the specs ended too early, in this file: it ended with code 0$/
    );
  });
});

describe('slowestLines', () => {
  it('names the ten slowest files, the slowest first, each with its slowest test', () => {
    const files = Array.from({ length: 12 }, (_, index) => ({
      path: `spec/${String(index)}.spec.ts`,
      ms: index * 1_000,
      slowest: index === 11 ? { title: 'waits for a server', ms: 9_940 } : null
    }));
    const lines = slowestLines(files);
    expect(lines).to.have.lengthOf(10);
    expect(lines[0]).to.equal('  11.0 s  spec/11.spec.ts, 9.9 s of it: waits for a server');
    expect(lines[9]).to.equal('   2.0 s  spec/2.spec.ts');
  });
});

describe('withMeasured', () => {
  it('puts measured times over the kept ones, in tenths of a second, and drops files that are gone', () => {
    const kept = { 'a.spec.ts': 1, 'b.spec.ts': 2, 'gone.spec.ts': 3 };
    const measured = [{ path: 'b.spec.ts', ms: 4_321, slowest: null }];
    expect(withMeasured(kept, measured, ['a.spec.ts', 'b.spec.ts', 'new.spec.ts'])).to.deep.equal({
      'a.spec.ts': 1,
      'b.spec.ts': 4.3
    });
  });
});
