import { expect } from 'chai';
import { RunReader } from '../../../server/chat/runs/run-reader.js';
import { readRuns } from '../../../actors/agents/run-record.js';
import { MemoryLog } from '../log/memory-log.js';
import { RunRig, type Script } from './run-rig.js';

/** Says something, asks, and says what was answered. */
const ASKS: Script = async function* () {
  yield 'well ';
  const answer = yield { type: 'ask', prompt: 'go on?' };
  yield answer?.isAnswered === true ? String(answer.value) : 'nothing';
};

/** Publishes messages of a person with the mids of a run's entries. */
function plant(log: MemoryLog, run: string, names: readonly string[]): void {
  for (const name of names) {
    const at = 0;
    const entry = { mid: `${run}:${name}`, user: 'eve', kind: 'user_message', bodyJson: '1', at };
    log.append('t', entry, (result) => {
      expect(result).to.include({ ok: true, duplicate: false });
    });
  }
}

/** Begins a run that waits in the queue, with its record on the disk, and returns its id. */
async function queued(log: MemoryLog, agent: string): Promise<string> {
  const before = new RunRig({ [agent]: ASKS }, undefined, log);
  await before.say('first', { agent });
  await before.say('second', { agent });
  await before.runs.stop();
  const second = readRuns(log, () => undefined).find(({ record }) => record.state === 'queued');
  return second?.record.run ?? '';
}

describe('the mids of the entries of a run', () => {
  it('keep no run from its beginning, its question, its answer and its one end when messages have them', async () => {
    const log = new MemoryLog();
    const run = await queued(log, 'asks');
    plant(log, run, ['start', 'ask:a1', 'answer:a1', 'end', 'end~2', 'end~3']);
    const rig = new RunRig({ asks: ASKS }, undefined, log);
    rig.runs.restore();
    await rig.turns();
    const [first] = rig.runs.of('t');
    await rig.runs.answer(first?.run ?? '', 'a1', 'ada', 'one');
    await rig.turns();
    expect(rig.runs.of('t')).to.have.length(1);
    expect(await rig.runs.answer(run, 'a1', 'ada', 'yes')).to.equal(null);
    await rig.turns();
    const own = rig.entries().filter(({ body }) => (body as { run?: string }).run === run);
    expect(own.map(({ kind, mid }) => [kind, mid.slice(run.length)])).to.deep.equal([
      ['agent_queued', ':queued'],
      ['agent_started', ':start~2'],
      ['agent_waiting', ':ask:a1~2'],
      ['agent_answered', ':answer:a1~2'],
      ['agent_completed', ':end~4']
    ]);
    expect(own.at(-1)?.body).to.include({ text: 'well yes' });
    expect(rig.left(), 'the records are gone').to.deep.equal([]);
    expect(rig.runs.of('t')).to.deep.equal([]);
  });

  it('are found by readers of the run where they are', async () => {
    const log = new MemoryLog();
    const run = await queued(log, 'asks');
    plant(log, run, ['start', 'end']);
    const rig = new RunRig({ asks: ASKS }, undefined, log);
    rig.runs.restore();
    await rig.turns();
    for (const { run: open } of rig.runs.of('t')) {
      await rig.runs.answer(open, 'a1', 'ada', 'yes');
      await rig.turns();
    }
    const reader = new RunReader({ log, runs: rig.runs }, 't', { run }, run);
    const kinds: string[] = [];
    for (let event = reader.next(); event !== null; event = reader.next()) {
      kinds.push(event.type === 'entry' ? event.kind : event.type);
    }
    expect(kinds).to.deep.equal([
      'agent_queued',
      'agent_started',
      'agent_waiting',
      'agent_answered',
      'text',
      'agent_completed'
    ]);
  });

  it('are tried again while the log cannot be read', async () => {
    const log = new MemoryLog();
    const run = await queued(log, 'asks');
    plant(log, run, ['end']);
    const rig = new RunRig({ asks: ASKS }, undefined, log);
    rig.runs.restore();
    await rig.turns();
    const [first] = rig.runs.of('t');
    log.isUnreadable = true;
    rig.runs.withdraw(run, 'ada');
    await rig.turns();
    expect(rig.left()).to.include(run);
    log.isUnreadable = false;
    await rig.pass(1_000);
    // What it said before its question is kept with it.
    expect(rig.left()).to.deep.equal([first?.run, `${String(first?.run)}:000000`]);
  });
});
