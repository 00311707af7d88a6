import { expect } from 'chai';
import fc from 'fast-check';
import { runBranches } from '../../../../../client/sdk/thread/runs/branches.js';
import { begun, type Run, type RunReplaces } from '../../../../../client/sdk/thread/runs/run.js';

function run(id: string, inReplyTo: string | null, replaces: RunReplaces | null = null): Run {
  return { ...begun(id), inReplyTo, replaces };
}

const again = (mid: string): RunReplaces => ({ how: 'regenerates', mid });
const edited = (mid: string): RunReplaces => ({ how: 'edits', mid });

function outline(...runs: Run[]): [string, string[]][] {
  return runBranches(runs).map((one) => [one.root, one.runs.map(({ run: id }) => id)]);
}

describe('runBranches', () => {
  it('leaves runs alone that replace nothing', () => {
    expect(outline(run('r1', 'm1'), run('r2', 'm2'))).to.eql([
      ['m1', ['r1']],
      ['m2', ['r2']]
    ]);
  });

  it('puts an answer that was made anew, and one whose question was, beside the first', () => {
    const runs = [
      run('r1', 'm1'),
      run('r2', 'm2'),
      run('r3', 'm3', again('m1')),
      run('r4', 'm4', edited('m2'))
    ];
    expect(outline(...runs)).to.eql([
      ['m1', ['r1', 'r3']],
      ['m2', ['r2', 'r4']]
    ]);
  });

  it('follows what replaces a replacement back to the first, in any order of arrival', () => {
    const runs = [run('r1', 'm1'), run('r2', 'm2', again('m1')), run('r3', 'm3', edited('m2'))];
    expect(outline(...runs)).to.eql([['m1', ['r1', 'r2', 'r3']]]);
    expect(outline(...runs.toReversed())).to.eql([['m1', ['r3', 'r2', 'r1']]]);
  });

  it('keeps versions together whose first one is not known', () => {
    expect(outline(run('r2', 'm2', again('m1')), run('r3', 'm3', again('m1')))).to.eql([
      ['m1', ['r2', 'r3']]
    ]);
  });

  it('leaves a run alone whose question is not known', () => {
    expect(outline(run('r1', null), run('r2', null))).to.eql([
      ['run r1', ['r1']],
      ['run r2', ['r2']]
    ]);
  });

  it('ends when runs replace each other, or themselves', () => {
    expect(outline(run('r1', 'm1', again('m2')), run('r2', 'm2', again('m1')))).to.eql([
      ['m1', ['r1', 'r2']]
    ]);
    expect(outline(run('r1', 'm1', again('m1')))).to.eql([['m1', ['r1']]]);
  });

  it('gives every run once, whatever they say', () => {
    const mid = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const some = fc.array(fc.tuple(fc.option(mid), fc.option(mid)), { maxLength: 12 });
    fc.assert(
      fc.property(some, (list) => {
        const runs = list.map(([to, replaced], n) =>
          run(`r${String(n)}`, to, replaced === null ? null : again(replaced))
        );
        const given = runBranches(runs).flatMap((one) => one.runs);
        expect(given).to.have.members(runs);
        expect(given).to.have.length(runs.length);
      })
    );
  });
});
