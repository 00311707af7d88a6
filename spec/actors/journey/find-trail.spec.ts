import { expect } from 'chai';
import type { Row } from '../../../actors/clickhouse/store.js';
import { findTrail, TRAIL_ENTRIES_MAX } from '../../../actors/journey/find-trail.js';
import { AgentError } from '../../../actors/agents/agent.js';
import { RunRig, type Script } from '../agents/run-rig.js';

/** Uses a tool, asks, and answers; the first attempt fails. */
const busy: Script = async function* ({ attempt }) {
  if (attempt === 1) throw new AgentError('away', 'come back', 10);
  yield { type: 'toolCall', call: 'k', tool: 'search', args: {} };
  yield { type: 'toolResult', call: 'k', ok: true };
  yield { type: 'ask', prompt: 'sure?' };
  yield 'done';
};
const hangs: Script = async function* () {
  yield 'so far';
  yield { type: 'toolCall', call: 'k', tool: 'search', args: {} };
  await new Promise(() => undefined);
};

/** The trail of a message in thread `t`, in short; with rows of ClickHouse for one that the log does not have. */
async function trailOf(rig: RunRig, mid: string, rows: readonly Row[] | null = null) {
  const entry = rig.entries().find((one) => one.mid === mid) ?? expect.fail('no such message');
  const { offset, at } = entry;
  const about = { thread: 't', epoch: 'e', user: 'ada', kind: entry.kind, sizeBytes: 1 };
  const message = { ...about, offset, at, isKept: rows === null };
  const places = {
    log: rig.log,
    runs: rig.runs,
    store: rows === null ? null : { query: () => Promise.resolve([...rows]) }
  };
  const { run, steps } = await findTrail(places, message, mid);
  return {
    run,
    steps,
    names: steps.map(({ step }) => step),
    state: run === null ? null : `${run.agent} ${run.state} ${String(run.attempts)}`
  };
}

/** Another process with the same log. */
function restarted(before: RunRig, scripts: Readonly<Record<string, Script>>): RunRig {
  const rig = new RunRig(scripts, undefined, before.log);
  rig.runs.restore();
  return rig;
}

describe('findTrail', () => {
  it('tells the run of a message step by step, with times, in this process and in the next', async () => {
    const rig = new RunRig({ busy });
    const mid = await rig.say('hi', { agent: 'busy' });
    await rig.pass(10);
    const { run, state } = await trailOf(rig, mid);
    expect(state).to.equal('busy waiting 2');
    await rig.pass(500);
    await rig.runs.answer(run?.run ?? '', 'a1', 'bob', 'yes');
    await rig.turns();
    for (const process of [rig, restarted(rig, {})]) {
      const told = await trailOf(process, mid);
      expect(told.state).to.equal('busy completed 2');
      expect(told.names).to.deep.equal([
        'run_started',
        'run_tool',
        'run_asked',
        'run_answered',
        'run_first_text',
        'run_completed'
      ]);
      expect(told.steps.map(({ afterMs }) => afterMs)).to.deep.equal([0, 10, 10, 510, 510, 510]);
      expect(told.steps[1]).to.include({ tool: 'search', ok: true, tookMs: 0, source: 'log' });
      expect(told.steps[3]).to.include({ user: 'bob' });
      expect(told.steps[5]).to.include({ attempts: 2, tookMs: 510 });
    }
  });

  it('tells that it waited in the queue and was taken out of it', async () => {
    const rig = new RunRig({ hangs });
    await rig.say('first', { agent: 'hangs' });
    const mid = await rig.say('second', { agent: 'hangs' });
    const { run, state } = await trailOf(rig, mid);
    expect(state).to.equal('hangs queued 0');
    rig.runs.withdraw(run?.run ?? '', 'ada');
    await rig.turns();
    const told = await trailOf(rig, mid);
    expect(told.state).to.equal('hangs cancelled 0');
    expect(told.names).to.deep.equal(['run_queued', 'run_cancelled']);
    expect(told.steps).to.deep.include.members([
      { ...told.steps[0], position: 1 },
      { ...told.steps[1], user: 'ada' }
    ]);
  });

  it('tells both messages of a run that one of them cancelled, and the end of the process', async () => {
    const before = new RunRig({ hangs });
    const first = await before.say('first', { agent: 'hangs' });
    const second = await before.say('no!', { agent: 'hangs', whileRunning: 'interrupt' });
    const cancelled = await trailOf(before, first);
    expect(cancelled.names).to.include('run_cancelled');
    expect(cancelled.steps.at(-1)).to.include({ user: 'ada', mid: second });
    const { run, names } = await trailOf(before, second);
    expect(names).to.deep.equal(['run_started', 'run_tool', 'cancelled_run']);
    expect(run?.run).not.to.equal(cancelled.run?.run);
    const rig = restarted(before, { hangs });
    await rig.turns();
    const interrupted = await trailOf(rig, second);
    expect(interrupted.state).to.equal('hangs interrupted 1');
    expect(interrupted.steps.at(-2)).to.include({ step: 'run_interrupted', code: 'interrupted' });
    expect(interrupted.steps[1], 'the tool').to.include({ ok: false });
  });

  it('tells both messages of a run that one of them steered', async () => {
    const rig = new RunRig({ hangs });
    const first = await rig.say('first', { agent: 'hangs' });
    const second = await rig.say('also', { agent: 'hangs', whileRunning: 'steer' });
    expect((await trailOf(rig, first)).steps.at(-1)).to.include({
      step: 'run_steered',
      mid: second
    });
    const { run, names } = await trailOf(rig, second);
    expect(run).to.equal(null);
    expect(names).to.deep.equal(['steered_run']);
  });

  it('tells nothing of the runs of other messages', async () => {
    const rig = new RunRig({});
    const mid = await rig.say('hi');
    await rig.pass(1_000);
    rig.log.append(
      't',
      { mid: 'plain', user: 'ada', kind: 'user_message', bodyJson: '{}', at: 1 },
      () => undefined
    );
    await rig.say('again');
    await rig.pass(1_000);
    expect(await trailOf(rig, 'plain'))
      .to.include({ run: null })
      .and.deep.include({ steps: [] });
    const end = rig.entries().find(({ kind }) => kind === 'agent_completed');
    expect((await trailOf(rig, end?.mid ?? '')).steps).to.deep.equal([]);
    expect((await trailOf(rig, mid)).names).to.have.length(3);
  });

  it('finds the end of a run behind more entries than it looks through', async () => {
    const rig = new RunRig({ hangs });
    const mid = await rig.say('hi', { agent: 'hangs' });
    for (let n = 0; n < TRAIL_ENTRIES_MAX; n++) {
      const entry = { mid: `x${String(n)}`, user: 'bob', kind: 'user_message', at: 1 };
      rig.log.append('t', { ...entry, bodyJson: '"x"' }, () => undefined);
    }
    rig.runs.cancelOf('t', mid, 'ada');
    await rig.turns();
    const told = await trailOf(rig, mid);
    expect(told.state).to.equal('hangs cancelled 1');
    expect(told.names.at(-1)).to.equal('run_cancelled');
  });

  it('asks ClickHouse about a message that the log has trimmed', async () => {
    const rig = new RunRig({});
    const mid = await rig.say('hi');
    await rig.pass(1_000);
    const rows = rig.entries().map(({ offset, mid: of, from, kind, body, at }) => ({
      ...{ offset: String(offset), mid: of, user: from.user, kind, at: String(at) },
      body: JSON.stringify(body)
    }));
    const told = await trailOf(rig, mid, [...rows.slice(1), { ...rows[0], body: '{' }]);
    expect(told.names).to.deep.equal(['run_started', 'run_first_text', 'run_completed']);
    expect(told.steps[0]).to.include({ source: 'clickhouse' });
  });
});
