import { expect } from 'chai';
import { Steered, steerName } from '../../../actors/agents/requests/steered.js';
import { RunRig, type Script } from './run-rig.js';

/** An agent that never takes the messages that steer it, and ends when `finish` is called. */
function deaf(): { script: Script; finish: () => void } {
  let finish: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (finish = resolve));
  const script: Script = async function* () {
    yield 'a';
    await gate;
  };
  return {
    script,
    finish: () => {
      finish();
    }
  };
}

describe('Steered', () => {
  it('keeps as many places as there may be, also for messages that are being stored', () => {
    const steered = new Steered();
    expect([1, 2, 3].map(() => steered.expect(2))).to.deep.equal([true, true, false]);
  });

  it('gives a place to another message when one was not stored, and when all were taken', async () => {
    const rig = new RunRig({});
    await rig.say('x');
    const [message] = rig.entries();
    const steered = new Steered();
    steered.expect(1);
    steered.arrived(null);
    expect(steered.expect(1)).to.equal(true);
    steered.arrived(message!);
    expect(steered.expect(1)).to.equal(false);
    expect(steered.take()).to.deep.equal([message]);
    expect(steered.expect(1)).to.equal(true);
  });
});

describe('Runs with messages that steer', () => {
  it('refuses what the agent does not read, above the bound of the queue, and holds no more', async () => {
    const { script, finish } = deaf();
    const rig = new RunRig({ deaf: script }, { runs: 100, perUser: 10, queue: 3 });
    await rig.say('one', { agent: 'deaf' });
    const said: string[] = [];
    for (let n = 0; n < 10; n++) {
      said.push(await rig.say(`more ${String(n)}`, { agent: 'deaf', whileRunning: 'steer' }));
    }
    expect(said).to.deep.equal([
      'm2',
      'm3',
      'm4',
      ...Array.from({ length: 7 }, () => 'queue_full')
    ]);
    expect(rig.reached).to.deep.equal(Array.from({ length: 7 }, () => 'queue'));
    expect(rig.told()).to.deep.equal([
      'agent_started',
      ...said.slice(0, 3).map(() => 'agent_steered')
    ]);
    finish();
    await rig.turns();
    expect(rig.faults).to.deep.equal([]);
  });

  it('says of each message that it steers, also when two long mids begin alike', async () => {
    const { script, finish } = deaf();
    const rig = new RunRig({ deaf: script });
    await rig.say('one', { agent: 'deaf' });
    for (const end of ['1', '2']) {
      const mid = `a-mid-of-a-client-that-counts-its-messages-${end}`;
      await rig.say(end, { mid, agent: 'deaf', whileRunning: 'steer' });
    }
    expect(rig.told()).to.deep.equal(['agent_started', 'agent_steered', 'agent_steered']);
    finish();
    await rig.turns();
  });
});

describe('steerName', () => {
  for (const [what, mid] of [
    ['a short mid', 'm1'],
    ['the longest mid that fits', 'm'.repeat(32)],
    ['the longest mid', 'm'.repeat(64)]
  ] as const) {
    it(`has at most 38 characters for ${what}`, () => {
      expect(steerName(mid)).to.have.lengthOf.at.most(38);
    });
  }

  it('is the mid itself where that fits', () => {
    expect(steerName('m1')).to.equal('steer:m1');
  });
});
