import { expect } from 'chai';
import {
  indexVersions,
  turned,
  type ChosenVersion
} from '../../../../../client/pages/chat/agents/versions.js';
import { begun, type Run, type RunReplaces } from '../../../../../client/sdk/thread/runs/run.js';

function run(id: string, offset: number | null, inReplyTo: string, replaces?: RunReplaces): Run {
  return { ...begun(id), inReplyTo, startOffset: offset, replaces: replaces ?? null };
}
const regenerates = (mid: string): RunReplaces => ({ how: 'regenerates', mid });
const edits = (mid: string): RunReplaces => ({ how: 'edits', mid });

interface Seen {
  readonly shown: string | null;
  readonly question: string | null;
  readonly runs: readonly string[];
  readonly isAwaited: boolean;
}

/** The versions of the answer that a run or a question belongs to; null when there is one version only. */
function seen(
  runs: readonly Run[],
  of: string,
  sent: Readonly<Record<string, RunReplaces>> = {},
  chosen: Readonly<Record<string, ChosenVersion>> = {}
): Seen | null {
  const index = indexVersions(runs, new Map(Object.entries(sent)), new Map(Object.entries(chosen)));
  const versions = index.byRun.get(of) ?? index.byMid.get(of);
  if (versions === undefined) return null;
  const { shown, question, isAwaited } = versions;
  return {
    shown: shown?.run ?? null,
    question,
    runs: versions.runs.map((one) => one.run),
    isAwaited
  };
}

describe('indexVersions', () => {
  const first = run('r1', 2, 'q1');

  it('has nothing to say of answers with one version', () => {
    expect(seen([first, run('r2', 5, 'q2')], 'r1')).to.equal(null);
  });

  it('shows the last version, and the question that was written', () => {
    const runs = [
      run('r3', 9, 'q3', regenerates('q2')),
      first,
      run('r2', 5, 'q2', regenerates('q1'))
    ];
    expect(seen(runs, 'r1')).to.eql({
      shown: 'r3',
      question: 'q1',
      runs: ['r1', 'r2', 'r3'],
      isAwaited: false
    });
    expect(seen(runs, 'q2')).to.eql(seen(runs, 'r1'));
  });

  it('shows the edited question with its answer, and the question of a chosen version', () => {
    const runs = [first, run('r2', 5, 'q2', edits('q1')), run('r3', 8, 'q3', regenerates('q2'))];
    expect(seen(runs, 'r1')).to.include({ shown: 'r3', question: 'q2' });
    expect(seen(runs, 'r1', {}, { q1: { run: 'r1', count: 3 } })).to.include({
      shown: 'r1',
      question: 'q1'
    });
  });

  it('goes on to show the last when another one has come since a choice', () => {
    const runs = [first, run('r2', 5, 'q2', regenerates('q1'))];
    expect(seen(runs, 'r1', {}, { q1: { run: 'r1', count: 1 } })).to.include({ shown: 'r2' });
  });

  it('keeps the answer while another one is awaited, and takes it away when the question was edited', () => {
    expect(seen([first], 'r1', { q2: regenerates('q1') })).to.include({
      shown: 'r1',
      question: 'q1',
      isAwaited: true
    });
    expect(seen([first], 'q2', { q2: edits('q1') })).to.include({
      shown: null,
      question: 'q2',
      isAwaited: true
    });
    // What is awaited has come.
    const runs = [first, run('r2', 5, 'q2', edits('q1'))];
    expect(seen(runs, 'q2', { q2: edits('q1') })).to.include({ shown: 'r2', isAwaited: false });
  });

  it('shows a version that waits in line in the place of the answer, and the answer again when it was withdrawn', () => {
    const queued = run('r2', null, 'q2', regenerates('q1'));
    expect(seen([first, { ...queued, state: 'queued' }], 'q2')).to.include({
      shown: 'r2',
      question: 'q1',
      isAwaited: false
    });
    const withdrawn: Run = { ...queued, state: 'cancelled', endOffset: 6 };
    expect(seen([first, withdrawn], 'q2')).to.include({ shown: 'r1', question: 'q1' });
    // It can be leafed to, and stands before what came after it.
    const third = run('r3', 9, 'q3', regenerates('q1'));
    expect(seen([first, withdrawn, third], 'q2')).to.deep.include({
      shown: 'r3',
      runs: ['r1', 'r2', 'r3']
    });
  });

  it('ends when runs replace each other in a ring', () => {
    const runs = [run('r1', 1, 'q1', regenerates('q2')), run('r2', 2, 'q2', regenerates('q1'))];
    expect(seen(runs, 'r1')).to.include({ shown: 'r2' });
  });

  it('leafs from one version to the next, and not beyond the ends', () => {
    const runs = [first, run('r2', 5, 'q2', regenerates('q1'))];
    const versions = indexVersions(runs, new Map(), new Map()).byRun.get('r1');
    if (versions === undefined) throw new Error('no versions');
    expect(turned(versions, 'r2', -1)).to.eql({ run: 'r1', count: 2 });
    expect(turned(versions, 'r2', 1)).to.equal(null);
    expect(turned(versions, 'r1', -1)).to.equal(null);
  });
});
