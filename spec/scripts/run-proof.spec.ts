import { expect } from 'chai';
import { proveRuns } from '../../scripts/run-proof/proof.js';
import type { SeenChunk } from '../../scripts/run-proof/asker.js';
import { openAsk, StateVerdict, type StateAgent } from '../../scripts/run-proof/states.js';
import { noneLeft, RunVerdict, type ThreadAccount } from '../../scripts/run-proof/verdict.js';

describe('proveRuns', function () {
  this.timeout(120_000);

  it('holds through a round; the long proof: npm run run-proof', async () => {
    const { checks, tally, kills } = await proveRuns({ rounds: 1, runs: 20, seed: 5 });
    // How much time a busy machine takes to store text is not known: runs.spec.ts holds the bound on virtual time.
    const sure = checks.filter(
      ({ name }) => !name.startsWith('an interrupted answer lacks nothing')
    );
    expect(sure.length).to.equal(checks.length - 1);
    const faults = sure.flatMap(({ name, faults: { words } }) =>
      words.map((fault) => `${name}: ${fault}`)
    );
    expect(faults).to.deep.equal([]);
    expect(kills).to.equal(1);
    expect(tally.doubles).to.equal(0);
    expect(tally.begun).to.equal(24);
    expect(Object.values(tally.ends).reduce((sum, count) => sum + count, 0)).to.equal(24);
  });
});

describe('StateVerdict', () => {
  const entry = (kind: string, body: object = {}): ThreadAccount['entries'][number] => ({
    mid: kind,
    kind,
    body: { run: 'r', ...body }
  });
  const interrupted = (text = ''): ThreadAccount['entries'][number] =>
    entry('agent_failed', { text, error: { code: 'interrupted' } });
  const judged = (
    agent: StateAgent,
    ...entries: ThreadAccount['entries'][number][]
  ): [number, number] => {
    const verdict = new StateVerdict();
    verdict.take(agent, 't', entries);
    return [verdict.caught[agent], verdict.check().faults.count];
  };
  const [open, closed] = [entry('tool_executing'), entry('tool_completed')];
  const [asked, answered] = [entry('agent_waiting', { ask: 'a1' }), entry('agent_answered')];
  const got = entry('agent_completed', { text: 'got 7' });

  it('takes each state that ends once and rightly', () => {
    expect(judged('tool', open, closed, interrupted())).to.eql([1, 0]);
    expect(judged('tool', interrupted())).to.eql([0, 0]);
    expect(judged('ask', asked, answered, got)).to.eql([1, 0]);
    expect(judged('second', interrupted('attempt 2'))).to.eql([1, 0]);
    expect(judged('second', interrupted('attempt 1'))).to.eql([0, 0]);
  });

  it('finds no end, two, and a wrong one', () => {
    expect(judged('tool', open)).to.eql([0, 1]);
    expect(judged('tool', open, closed, interrupted(), interrupted())).to.eql([0, 1]);
    expect(judged('tool', open, interrupted())[1]).to.equal(1);
    expect(judged('ask', asked, answered, asked, got)[1]).to.equal(1);
    expect(
      judged('ask', asked, answered, entry('agent_completed', { text: 'nobody' }))[1]
    ).to.equal(1);
    expect(judged('second', interrupted('attempt 1attempt 2'))[1]).to.equal(1);
    expect(judged('second', entry('agent_failed', { error: { code: 'busy' } }))[1]).to.equal(1);
  });

  it('knows which question is open', () => {
    expect(openAsk([asked])).to.eql({ run: 'r', ask: 'a1' });
    expect(openAsk([asked, answered])).to.equal(null);
    expect(openAsk([asked, interrupted()])).to.equal(null);
    expect(openAsk([])).to.equal(null);
  });
});

describe('RunVerdict', () => {
  const ONCE = 'every acked message is stored, and its run was begun once';
  const ENDS = 'every run has one end, which is its last entry';
  const TEXTS = 'an answer is what was asked of the agent, or its beginning';
  const LOST = 'an interrupted answer lacks nothing that a client got 2000 ms before the kill';

  const question = { mid: 'q', kind: 'user_message', body: { text: 'one two' } };
  const start = { mid: 'r:start', kind: 'agent_started', body: { run: 'r', inReplyTo: 'q' } };
  const whole = { mid: 'r:end', kind: 'agent_completed', body: { run: 'r', text: 'one two' } };
  const cut = (text: string): ThreadAccount['entries'][number] => ({
    mid: 'r:end',
    kind: 'agent_failed',
    body: { run: 'r', text, error: { code: 'interrupted' } }
  });
  const chunk = (at: number, text: string, atMs: number): SeenChunk => ({ at, text, atMs });
  const account = (
    entries: ThreadAccount['entries'],
    more: Partial<ThreadAccount> = {}
  ): ThreadAccount => ({
    thread: 't',
    entries,
    asked: [{ thread: 't', mid: 'q', text: 'one two' }],
    acked: new Set(['q']),
    chunks: new Map(),
    killedMs: 10_000,
    ...more
  });
  const judged = (of: ThreadAccount): RunVerdict => {
    const verdict = new RunVerdict();
    verdict.take(of);
    return verdict;
  };
  const failing = (of: ThreadAccount): string[] =>
    judged(of)
      .checks()
      .filter(({ faults }) => faults.count > 0)
      .map(({ name }) => name);

  it('finds nothing when all is well', () => {
    expect(failing(account([question, start, whole]))).to.deep.equal([]);
    expect(failing(account([question, start, cut('one')]))).to.deep.equal([]);
  });

  it('finds an acked message that is lost', () => {
    expect(failing(account([]))).to.deep.equal([ONCE]);
  });

  it('finds a message that no run has answered, and one that two have', () => {
    const again = { mid: 's:start', kind: 'agent_started', body: { run: 's', inReplyTo: 'q' } };
    const ended = { mid: 's:end', kind: 'agent_completed', body: { run: 's', text: 'one two' } };
    expect(failing(account([question]))).to.deep.equal([ONCE]);
    expect(failing(account([question, start, whole, again, ended]))).to.deep.equal([ONCE]);
  });

  it('finds a run without an end, with two, and with an entry after it', () => {
    const late = { mid: 'r:x', kind: 'agent_thinking', body: { run: 'r' } };
    expect(failing(account([question, start]))).to.deep.equal([ENDS]);
    expect(failing(account([question, start, cut('one'), whole]))).to.deep.equal([ENDS]);
    expect(failing(account([question, start, whole, late]))).to.deep.equal([ENDS]);
    expect(judged(account([question, start, cut('one'), whole])).tally.doubles).to.equal(1);
  });

  it('finds an end of a run that was never begun', () => {
    const stranger = { mid: 's:end', kind: 'agent_completed', body: { run: 's', text: '' } };
    expect(failing(account([question, start, whole, stranger]))).to.deep.equal([ENDS]);
  });

  it('finds an answer with another text, and one that failed by itself', () => {
    const other = { ...whole, body: { run: 'r', text: 'one' } };
    const failed = { mid: 'r:end', kind: 'agent_failed', body: { run: 'r', error: { code: 'x' } } };
    expect(failing(account([question, start, other]))).to.deep.equal([TEXTS]);
    expect(failing(account([question, start, cut('two')]))).to.deep.equal([TEXTS]);
    expect(failing(account([question, start, failed]))).to.deep.equal([TEXTS]);
    const chunks = new Map([['r', [chunk(1, 'one', 1)]]]);
    expect(failing(account([question, start, whole], { chunks }))).to.deep.equal([TEXTS]);
  });

  it('finds lost text that a client got more than two seconds before the kill', () => {
    const chunks = new Map([['r', [chunk(0, 'one', 7_000), chunk(3, ' two', 8_100)]]]);
    const lacking = (text: string): ThreadAccount =>
      account([question, start, cut(text)], { chunks });
    expect(failing(lacking('one'))).to.deep.equal([]);
    expect(judged(lacking('one')).tally).to.include({ oldestLostMs: 1_900, mostLostChars: 4 });
    expect(failing(lacking('on'))).to.deep.equal([LOST]);
  });

  it('finds records that are left', () => {
    expect(noneLeft([]).faults.count).to.equal(0);
    expect(noneLeft(['run r']).faults.words).to.deep.equal(['run r is left']);
  });
});
