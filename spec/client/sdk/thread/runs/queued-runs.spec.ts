import { expect } from 'chai';
import { foldRun, type Run } from '../../../../../client/sdk/thread/runs/run.js';
import type { MessageFrame } from '../../../../../protocol/frames.js';

function entry(offset: number, kind: string, body: object): MessageFrame {
  const mid = `m${String(offset)}`;
  const rest = { type: 'message', thread: 't', from: { user: 'agent:bot' }, at: offset } as const;
  return { ...rest, offset, mid, kind, body: { run: 'r', ...body } };
}

function run(...entries: readonly MessageFrame[]): Run | undefined {
  return entries.reduce<Run | undefined>(foldRun, undefined);
}

describe('a run that waits in line', () => {
  const queued = entry(4, 'agent_queued', { position: 1, inReplyTo: 'q2', regenerates: 'q1' });
  const withdrawn = entry(5, 'agent_cancelled', { by: 'ada', text: '', inReplyTo: 'q2' });

  it('is known as another version of an answer before it begins', () => {
    expect(run(queued)).to.deep.include({
      state: 'queued',
      inReplyTo: 'q2',
      replaces: { how: 'regenerates', mid: 'q1' }
    });
    const edit = entry(4, 'agent_queued', { position: 1, inReplyTo: 'q2', edits: 'q1' });
    expect(run(edit)?.replaces).to.eql({ how: 'edits', mid: 'q1' });
  });

  it('remains so when it was withdrawn, in whatever order its entries come', () => {
    const expected = { state: 'cancelled', inReplyTo: 'q2', startOffset: null, ms: null };
    expect(run(queued, withdrawn)).to.deep.include(expected);
    expect(run(withdrawn, queued)).to.deep.equal(run(queued, withdrawn));
  });

  it('is told by its end which message it answered, and how long it took however it ended', () => {
    for (const kind of ['agent_completed', 'agent_failed', 'agent_cancelled']) {
      const end = entry(9, kind, { text: 'x', inReplyTo: 'q2', user: 'ada', ms: 1_200 });
      expect(run(end), kind).to.include({ inReplyTo: 'q2', ms: 1_200 });
    }
    expect(run(entry(9, 'agent_failed', { text: 'x' }))).to.include({ inReplyTo: null, ms: null });
  });
});
