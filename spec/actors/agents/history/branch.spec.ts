import { expect } from 'chai';
import { branchOf } from '../../../../actors/agents/history/branch.js';
import { runBranches } from '../../../../client/sdk/thread/runs/branches.js';
import { begun } from '../../../../client/sdk/thread/runs/run.js';
import type { MessageFrame } from '../../../../protocol/frames.js';
import { textOf } from '../../../../actors/agents/echo.js';
import { RunRig, type Script } from '../run-rig.js';

interface Step {
  readonly kind: string;
  readonly mid: string;
  readonly body: object;
}

const asks = (mid: string): Step => ({ kind: 'user_message', mid, body: { text: mid } });
const begins = (to: string, more: object = {}): Step => ({
  kind: 'agent_started',
  mid: `r-${to}:start`,
  body: { run: `r-${to}`, inReplyTo: to, ...more }
});
const ends = (to: string): Step => ({
  kind: 'agent_completed',
  mid: `r-${to}:end`,
  body: { run: `r-${to}`, text: `re ${to}` }
});
const answered = (to: string, more: object = {}): Step[] => [asks(to), begins(to, more), ends(to)];

/** The texts of the branch of a message that stands last, or at `at`. */
function branch(
  steps: readonly Step[],
  run: { mid: string; regenerates?: string; edits?: string }
): string[] {
  const frames = steps.map((step, index): MessageFrame => ({
    type: 'message',
    thread: 't',
    offset: index + 1,
    from: { user: 'ada' },
    at: 0,
    ...step
  }));
  const message = frames.find(({ mid }) => mid === run.mid) ?? { offset: Infinity };
  return branchOf(frames, { regenerates: null, edits: null, ...run }, message)
    .filter(({ kind }) => kind !== 'agent_started')
    .map(({ body }) => textOf(body));
}

describe('branchOf', () => {
  const two = [...answered('m1'), ...answered('m2')];

  it('has everything before a message that replaces nothing', () => {
    expect(branch([...two, asks('m3')], { mid: 'm3' })).to.eql(['m1', 're m1', 'm2', 're m2']);
  });

  for (const how of ['regenerates', 'edits']) {
    it(`ends before the question that a message ${how}`, () => {
      const steps = [...two, asks('m3')];
      expect(branch(steps, { mid: 'm3', [how]: 'm2' })).to.eql(['m1', 're m1']);
      expect(branch(steps, { mid: 'm3', [how]: 'm1' })).to.eql([]);
    });

    it(`has the newest version alone, at the place of the first, of what others ${how}`, () => {
      const steps = [...two, ...answered('m3', { [how]: 'm1' }), asks('m4')];
      expect(branch(steps, { mid: 'm4' })).to.eql(['m3', 're m3', 'm2', 're m2']);
      expect(branch(steps, { mid: 'm4', [how]: 'm2' })).to.eql(['m3', 're m3']);
      expect(branch(steps, { mid: 'm4', [how]: 'm3' })).to.eql([]);
    });
  }

  it('puts an answered message where its run began, and leaves out those that wait behind', () => {
    const steps = [asks('m1'), begins('m1'), asks('m2'), asks('m3'), asks('m4'), ends('m1')];
    const later = [begins('m2'), ends('m2')];
    expect(branch(steps, { mid: 'm2' })).to.eql(['m1', 're m1']);
    expect(branch([...steps, ...later], { mid: 'm3' })).to.eql(['m1', 're m1', 'm2', 're m2']);
  });

  it('takes the first kept version for the first, and ends when messages replace each other', () => {
    const kept = [...answered('m2', { edits: 'gone' }), ...answered('m3')];
    expect(branch([...kept, asks('m4')], { mid: 'm4', edits: 'gone' })).to.eql([]);
    const ring = [...answered('m1', { edits: 'm2' }), ...answered('m2', { edits: 'm1' })];
    expect(branch([...ring, asks('m3')], { mid: 'm3' })).to.eql(['m2', 're m2']);
  });

  it('shows of each question the version that runBranches of the SDK shows last', () => {
    const steps = [
      ...two,
      ...answered('m3', { regenerates: 'm1' }),
      ...answered('m4', { edits: 'm3' }),
      ...answered('m5'),
      ...answered('m6', { edits: 'm2' })
    ];
    const runs = steps
      .filter(({ kind }) => kind === 'agent_started')
      .map(({ body }) => {
        const { run, inReplyTo, regenerates, edits } = body as Record<string, string>;
        const mid = regenerates ?? edits;
        const replaces = mid === undefined ? null : { how: 'edits' as const, mid };
        return { ...begun(run ?? ''), inReplyTo: inReplyTo ?? null, replaces };
      });
    const shown = runBranches(runs).map((one) => one.runs.at(-1)?.inReplyTo ?? '');
    expect(branch([...steps, asks('m7')], { mid: 'm7' })).to.eql(
      shown.flatMap((mid) => [mid, `re ${mid}`])
    );
  });
});

describe('history of a run', () => {
  /** An agent that answers with what it reads. */
  const reads: Script = async function* ({ history }) {
    yield history(500)
      .filter(({ kind }) => kind === 'user_message' || kind === 'agent_completed')
      .map(({ body }) => textOf(body))
      .join('|');
  };
  const newest = (rig: RunRig): string => textOf(rig.entries().at(-1)?.body);

  it('is the branch, also when more lies between the versions than is read at once', async () => {
    const rig = new RunRig({
      reads,
      quiet: async function* () {
        yield '';
      }
    });
    const ask = { agent: 'reads' };
    await rig.say('zero', ask);
    const first = await rig.say('one', ask);
    const second = await rig.say('one again', { ...ask, edits: first });
    expect(newest(rig)).to.equal('zero|');
    for (let n = 0; n < 250; n++) await rig.say('noise', { agent: 'quiet' });
    await rig.say('one more', { ...ask, regenerates: second });
    expect(newest(rig)).to.equal('zero|');
  });

  it('has the answers to the messages before it in the queue', async () => {
    const rig = new RunRig({ reads });
    await rig.say('one two');
    await rig.say('and', { agent: 'reads' });
    await rig.say('later', { agent: 'reads' });
    await rig.pass(100);
    const texts = rig.entries().filter(({ kind }) => kind === 'agent_completed');
    expect(texts.map(({ body }) => textOf(body))).to.eql([
      'one two',
      'one two|one two',
      'one two|one two|and|one two|one two'
    ]);
  });

  it('has no more entries than are asked for, the newest', async () => {
    const rig = new RunRig({
      few: async function* ({ history }) {
        yield [history(1), history(0), history(-1)].map((list) => list.length).join();
      }
    });
    await rig.say('one');
    await rig.pass(100);
    await rig.say('two', { agent: 'few' });
    expect(newest(rig)).to.equal('1,0,0');
  });
});
