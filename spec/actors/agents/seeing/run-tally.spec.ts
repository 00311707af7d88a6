import { expect } from 'chai';
import { AgentError } from '../../../../actors/agents/agent.js';
import { markOf } from '../../../../actors/agents/seeing/loop-marks.js';
import { BLOCKED_TOLD_MS } from '../../../../actors/agents/seeing/run-tally.js';
import { RunRig, type Script } from '../run-rig.js';

const never = (): Promise<void> => new Promise(() => undefined);

const hangs: Script = async function* () {
  await never();
};

describe('RunTally', () => {
  it('has a row for each agent, with the runs by state and by end, and the time to the first text', async () => {
    const rig = new RunRig({
      slow: async function* ({ signal }) {
        await new Promise<void>((resolve) => {
          rig.clock.setTimeout(resolve, 700);
        });
        yield 'late';
        yield ' later';
        await new Promise((resolve) => {
          signal.addEventListener('abort', resolve);
        });
      }
    });
    await rig.say('one');
    await rig.say('one', { agent: 'slow', thread: 'a' });
    await rig.say('two', { agent: 'slow', thread: 'a' });
    await rig.pass(700);
    const none = { queued: 0, running: 0, waiting: 0 };
    const ends = { completed: 0, failed: 0, cancelled: 0, interrupted: 0 };
    const fresh = { failedInARow: 0, lastEnd: null, lastEndedAt: null };
    const [echo, slow] = rig.runs.status();
    const lastEndedAt = echo?.lastEndedAt ?? '';
    expect(rig.clock.now() - Date.parse(lastEndedAt)).to.equal(700);
    const all = { ...none, ...ends, ...fresh, firstTexts: 1 };
    expect(echo).to.deep.equal({
      ...all,
      ...{ name: 'echo', completed: 1, firstTextMs: 0, lastEnd: 'completed', lastEndedAt }
    });
    expect(slow).to.deep.equal({ ...all, name: 'slow', queued: 1, running: 1, firstTextMs: 700 });
    rig.runs.cancel(rig.runs.of('a')[0]?.run ?? '', 'ada');
    await rig.turns();
    expect(rig.runs.status()[1]).to.include({
      ...{ queued: 0, running: 1, cancelled: 1 },
      ...{ lastEnd: 'cancelled', failedInARow: 0 }
    });
  });

  it('keeps one row for all agents that are not there any more', async () => {
    const before = new RunRig({ gone: hangs, away: hangs });
    await before.say('one', { agent: 'gone', thread: 'a' });
    await before.say('one', { agent: 'away', thread: 'b' });
    const rig = new RunRig({}, undefined, before.log);
    rig.runs.restore();
    await rig.turns();
    expect(
      rig.runs.status().map(({ name, interrupted, failed }) => [name, interrupted, failed])
    ).to.have.deep.members([
      ['echo', 0, 0],
      ['(unknown)', 2, 0]
    ]);
  });

  it('tells a run whose agent owes an event for half a minute, until it yields one', async () => {
    const rig = new RunRig({
      quiet: async function* () {
        yield 'a';
        await new Promise<void>((resolve) => {
          rig.clock.setTimeout(resolve, 31_000);
        });
        yield 'b';
        await never();
      }
    });
    await rig.say('hi', { agent: 'quiet' });
    await rig.pass(29_999);
    expect(rig.runs.measures().silent.runs).to.equal(0);
    await rig.pass(1);
    expect(rig.runs.measures().silent).to.deep.equal({
      runs: 1,
      agent: 'quiet',
      thread: 't',
      silentMs: 30_000
    });
    await rig.pass(1_000);
    expect(rig.runs.measures().silent.runs).to.equal(0);
  });

  it('does not call a run silent that waits for people, or for a tool; a tool it tells after a minute', async () => {
    const rig = new RunRig({
      asks: async function* () {
        yield { type: 'ask', prompt: 'go on?', withinMs: 30_000 };
      },
      tools: async function* () {
        yield { type: 'toolCall', call: 'k', tool: 'search', args: {} };
        await new Promise<void>((resolve) => {
          rig.clock.setTimeout(resolve, 59_999);
        });
        await new Promise<void>((resolve) => {
          rig.clock.setTimeout(resolve, 500);
        });
        yield { type: 'toolResult', call: 'k', ok: true };
        await never();
      }
    });
    await rig.say('hi', { agent: 'asks', thread: 'a' });
    await rig.say('hi', { agent: 'tools', thread: 'b' });
    await rig.pass(29_999);
    await rig.pass(29_999);
    expect(rig.runs.measures()).to.deep.include({
      silent: { runs: 0, agent: '', thread: null, silentMs: 0 },
      tool: { tools: 0, agent: '', tool: '', thread: null, openMs: 0 }
    });
  });

  it('tells a tool that takes more than a minute, until its run has ended', async () => {
    const rig = new RunRig(
      {
        tools: async function* () {
          yield { type: 'toolCall', call: 'k', tool: 'search', args: {} };
          await never();
        }
      },
      undefined,
      undefined,
      { runMs: 100_000 }
    );
    await rig.say('hi', { agent: 'tools' });
    await rig.pass(59_999);
    expect(rig.runs.measures().tool.tools).to.equal(0);
    await rig.pass(1);
    expect(rig.runs.measures().tool).to.deep.equal({
      tools: 1,
      agent: 'tools',
      tool: 'search',
      thread: 't',
      openMs: 60_000
    });
    rig.runs.cancel(rig.runs.of('t')[0]?.run ?? '', 'ada');
    expect(rig.runs.measures().tool.tools).to.equal(0);
  });

  it('counts the runs of an agent that fail in a row; a completed one ends that, a cancelled one does not', async () => {
    let fails = true;
    const rig = new RunRig({
      flaky: async function* ({ message }) {
        if (message.mid === 'stop') await never();
        if (fails) throw new AgentError('broken', 'it is broken');
      }
    });
    const times = (): number | undefined =>
      rig.runs.measures().failing.find(({ agent }) => agent === 'flaky')?.times;
    await rig.say('hi', { agent: 'flaky' });
    await rig.say('hi', { agent: 'flaky' });
    await rig.say('hi', { agent: 'flaky', mid: 'stop' });
    rig.runs.cancel(rig.runs.of('t')[0]?.run ?? '', 'ada');
    await rig.turns();
    expect(times()).to.equal(2);
    await rig.say('hi', { agent: 'flaky' });
    expect(times()).to.equal(3);
    fails = false;
    await rig.say('hi', { agent: 'flaky' });
    expect(times()).to.equal(0);
  });

  it('marks each call of an agent, and which agents have open runs', async () => {
    const rig = new RunRig({
      asks: async function* ({ signal }) {
        signal.addEventListener('abort', () => rig.marked.push('its listener'));
        rig.marked.push('its code');
        yield { type: 'ask', prompt: 'go on?' };
      }
    });
    await rig.say('hi', { agent: 'asks' });
    await rig.say('hi', { agent: 'asks' });
    const [first, second] = rig.runs.of('t').map(({ run }) => run);
    const enter = (run = ''): string => `enter ${markOf({ agent: 'asks', thread: 't', run })}`;
    const call = [enter(first), 'leave'];
    expect(rig.marked.splice(0)).to.deep.equal([
      'open asks',
      ...call,
      enter(first),
      'its code',
      'leave'
    ]);
    rig.runs.cancel(second ?? '', 'ada');
    await rig.turns();
    expect(rig.marked.splice(0)).to.deep.equal([enter(second), 'leave']);
    rig.runs.cancel(first ?? '', 'ada');
    await rig.turns();
    expect(rig.marked.slice(0, 4)).to.deep.equal(['open ', enter(first), 'its listener', 'leave']);
  });

  it('names an agent whose call has kept the event loop, for ten seconds', async () => {
    const rig = new RunRig({
      busy: async function* () {
        rig.clock.pass(300);
        yield 'done';
      }
    });
    await rig.say('hi', { agent: 'busy' });
    const blocking = (): unknown =>
      rig.runs.measures().blocking.find(({ agent }) => agent === 'busy');
    expect(blocking()).to.deep.equal({ agent: 'busy', ms: 300 });
    await rig.pass(BLOCKED_TOLD_MS);
    expect(blocking()).to.deep.equal({ agent: 'busy', ms: 0 });
  });
});
