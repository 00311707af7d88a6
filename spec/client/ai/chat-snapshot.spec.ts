import { expect } from 'chai';
import { chatSnapshot } from '../../../client/ai/chat-snapshot.js';
import { chatView, MadeMessages } from '../../../client/ai/messages/chat-messages.js';
import type { Outgoing } from '../../../client/sdk/client.js';
import { RollcallError } from '../../../client/sdk/rollcall-error.js';
import { begun, type Run } from '../../../client/sdk/thread/runs/run.js';
import { EMPTY_THREAD, type ThreadSnapshot } from '../../../client/sdk/thread/thread-view.js';
import type { MessageFrame } from '../../../protocol/frames.js';

function question(offset: number, mid: string): MessageFrame {
  const body = { text: `say ${mid}` };
  const rest = { thread: 't', from: { user: 'ada' }, at: offset, kind: 'user_message', body };
  return { type: 'message', offset, mid, ...rest };
}

function run(id: string, inReplyTo: string, more: Partial<Run> = {}): Run {
  return { ...begun(id), agent: 'helper', inReplyTo, ...more };
}

function outgoing(mid: string, state: Outgoing['state']): Outgoing {
  const rest = { kind: undefined, expect: undefined, error: null, offset: null, at: 0 };
  return { thread: 't', mid, body: { text: mid }, state, ...rest };
}

function snapshot(
  thread: Partial<ThreadSnapshot>,
  questions: readonly MessageFrame[] = [],
  error: RollcallError | null = null
): ReturnType<typeof chatSnapshot>['snapshot'] {
  const items = questions.map((message) => ({ type: 'message', message }) as const);
  const whole = { ...EMPTY_THREAD, isLoading: false, items, ...thread };
  return chatSnapshot(whole, new Map(), new MadeMessages(), error).snapshot;
}

describe('chatSnapshot', () => {
  const asked = [question(1, 'q1'), question(2, 'q2'), question(3, 'q3')];

  it('has the status of what goes on, then of what has failed', () => {
    const problem = new RollcallError('forbidden', 'no');
    const streaming = run('r1', 'q1');
    const queued = run('r1', 'q1', { state: 'queued' });
    const failed = run('r1', 'q1', { state: 'failed' });
    const statuses = [
      snapshot({ runs: [streaming] }, asked, problem),
      snapshot({ runs: [queued] }, asked, problem),
      snapshot({ runs: [queued] }, asked),
      snapshot({ outgoing: [outgoing('m', 'pending')] }, asked),
      snapshot({ outgoing: [outgoing('m', 'failed')] }, asked),
      snapshot({ runs: [failed] }, asked.slice(0, 1)),
      snapshot({ runs: [failed] }, asked),
      snapshot({ refused: problem })
    ].map(({ status }) => status);
    expect(statuses).to.eql([
      'streaming',
      'error',
      'submitted',
      'submitted',
      'ready',
      'error',
      'ready',
      'error'
    ]);
  });

  it('has the queue in the order of the questions, whatever the order of the runs', () => {
    const queued = (id: string, mid: string): Run => run(id, mid, { state: 'queued' });
    const runs = [queued('r3', 'q3'), queued('r9', 'q9'), queued('r2', 'q2'), run('r1', 'q1')];
    expect(
      snapshot({ runs }, asked).queue.map(({ run: id, position, text }) => [id, position, text])
    ).to.eql([
      ['r2', 1, 'say q2'],
      ['r3', 2, 'say q3'],
      ['r9', 3, null]
    ]);
  });

  it('adds up what answers have cost, and knows nothing where no agent has told it', () => {
    const usage = { input: 10, output: 2, cached: null, reasoning: null, model: 'm' };
    const runs = [run('r1', 'q1', { usage }), run('r2', 'q2', { usage }), run('r3', 'q3')];
    const sum = { input: 20, output: 4, cached: null, reasoning: null };
    expect(snapshot({ runs }, asked).usage).to.eql(sum);
    expect(snapshot({}).usage).to.eql({ input: null, output: null, cached: null, reasoning: null });
  });

  it('puts what is being sent last, and says why the thread cannot be read', () => {
    const refused = new RollcallError('forbidden', 'no');
    const shown = snapshot({ outgoing: [outgoing('m', 'pending')], refused }, asked);
    expect(shown.messages.map(({ id }) => id)).to.eql(['q1', 'q2', 'q3', 'm']);
    expect(shown.messages.at(-1)?.metadata).to.eql({ sending: 'pending' });
    expect(shown.error).to.equal(refused);
    const own = new RollcallError('conflict', 'too late');
    expect(snapshot({ refused }, asked, own).error).to.equal(own);
  });
});

describe('chatView', () => {
  const ids = (
    entries: readonly MessageFrame[],
    runs: readonly Run[],
    chosen: Readonly<Record<string, string>> = {}
  ): string[] =>
    chatView(7, entries, runs, new Map(Object.entries(chosen))).messages.map(({ id }) => id);
  const again = (id: string, mid: string, of: string, how: 'regenerates' | 'edits'): Run =>
    run(id, mid, { state: 'completed', replaces: { how, mid: of } });
  const first = run('r1', 'q1', { state: 'completed' });

  it('has each answer behind its question, and of several versions the last or the chosen one', () => {
    const entries = [question(1, 'q1'), question(4, 'q2'), question(7, 'q3')];
    const other = run('r3', 'q3', { state: 'completed' });
    const regenerated = [first, again('r2', 'q2', 'q1', 'regenerates'), other];
    expect(ids(entries, regenerated)).to.eql(['q1', 'r2', 'q3', 'r3']);
    expect(ids(entries, regenerated, { q1: 'r1' })).to.eql(['q1', 'r1', 'q3', 'r3']);
    const edited = [first, again('r2', 'q2', 'q1', 'edits'), other];
    expect(ids(entries, edited)).to.eql(['q2', 'r2', 'q3', 'r3']);
    expect(ids(entries, edited, { q1: 'nonsense' })).to.eql(['q2', 'r2', 'q3', 'r3']);
  });

  it('ends when runs replace each other in a ring', () => {
    const ring = [again('r1', 'q1', 'q2', 'regenerates'), again('r2', 'q2', 'q1', 'regenerates')];
    expect(ids([question(1, 'q1'), question(2, 'q2')], ring)).to.have.length(2);
  });

  it('shows an answer whose question is not known only while it is written', () => {
    expect(ids([], [first])).to.eql([]);
    expect(ids([], [run('r1', 'q1')])).to.eql(['r1']);
  });

  it('makes the same objects again as long as nothing changes', () => {
    const made = new MadeMessages();
    const entries = [question(1, 'q1'), question(2, 'q2')];
    const view = (text: string) =>
      chatView(7, entries, [first, run('r2', 'q2', { text })], new Map(), made).messages;
    const before = view('so');
    const after = view('so far');
    const isSame = before.map((message, index) => message === after[index]);
    expect(isSame).to.eql([true, true, true, false]);
  });
});
