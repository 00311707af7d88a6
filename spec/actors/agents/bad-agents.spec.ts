import { expect } from 'chai';
import { boundsOf, LIMITS, RunRig, type Script } from './run-rig.js';

const never = (): Promise<never> => new Promise(() => undefined);

/** What a bad agent does, and how the log tells its end. */
const BAD: readonly (readonly [string, Script, string])[] = [
  [
    'throws at once',
    async function* () {
      throw new Error('no');
    },
    'agent_failed agent_error'
  ],
  [
    'throws before it is a generator',
    () => {
      throw new Error('no');
    },
    'agent_failed agent_error'
  ],
  ['is no generator', () => 7 as never, 'agent_failed agent_error'],
  [
    'yields nonsense',
    async function* () {
      yield 7 as never;
    },
    'agent_failed bad_event'
  ],
  [
    'yields an event with a getter that throws',
    async function* () {
      yield {
        type: 'text',
        get text(): string {
          throw new Error('no');
        }
      };
    },
    'agent_failed agent_error'
  ],
  [
    'yields arguments that JSON cannot hold',
    async function* () {
      yield { type: 'toolCall', call: 'c', tool: 't', args: { n: 1n } };
    },
    'agent_failed agent_error'
  ],
  [
    'never yields',
    async function* () {
      await never();
    },
    'agent_failed timeout'
  ],
  [
    'yields thoughts for ever',
    async function* () {
      for (;;) yield { type: 'thinking', text: 'x' };
    },
    'agent_failed too_many_steps'
  ],
  [
    'asks for ever and waits for nobody',
    async function* () {
      for (;;) yield { type: 'ask', prompt: 'well?', withinMs: 1 };
    },
    'agent_failed too_many_steps'
  ],
  [
    'yields text for ever',
    async function* () {
      for (;;) yield 'x'.repeat(100);
    },
    `agent_failed ${'x'.repeat(LIMITS.answerChars)} too_long`
  ],
  [
    'yields nothing for ever',
    async function* () {
      for (;;) yield '';
    },
    'agent_failed timeout'
  ],
  [
    'yields a megabyte',
    async function* () {
      yield 'x'.repeat(1_048_577);
    },
    'agent_failed too_long'
  ],
  [
    'yields a megabyte of arguments',
    async function* () {
      yield { type: 'toolCall', call: 'c', tool: 't', args: 'x'.repeat(1_048_577) };
    },
    'agent_failed too_large'
  ],
  [
    'does not end when it is told to',
    async function* () {
      try {
        yield 'a';
        await never();
      } finally {
        await never();
      }
    },
    'agent_failed a timeout'
  ]
];

describe('an agent that', () => {
  for (const [what, script, end] of BAD) {
    it(`${what} has one end in the log, and another thread does not notice`, async () => {
      const rig = new RunRig({ bad: script });
      await rig.say('hi', { agent: 'bad' });
      await rig.say('one two', { thread: 'u', user: 'bob' });
      await rig.pass(100);
      expect(rig.told('u')).to.eql(['agent_started', 'agent_completed one two']);
      await rig.turns(100);
      await rig.pass(LIMITS.runMs);
      await rig.ended('t');
      const ends = rig.told().filter((line) => /^agent_(completed|failed|cancelled)/.test(line));
      expect(ends).to.eql([end]);
      expect(rig.reached).to.eql(boundsOf(end));
      expect(rig.left()).to.eql([]);
      expect(await rig.say('three', { thread: 'u', user: 'bob' })).to.be.a('string');
      await rig.pass(0);
      expect(rig.told('u').at(-1)).to.equal('agent_completed three');
    });
  }

  it('yields after its end is not heard, also in the thread beside it', async () => {
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const rig = new RunRig({
      late: async function* () {
        yield 'a';
        await gate;
        for (let n = 0; n < 10; n++) yield 'b';
      }
    });
    await rig.say('hi', { agent: 'late' });
    rig.runs.cancel(rig.runs.of('t')[0]?.run ?? '', 'ada');
    await rig.say('one', { thread: 'u' });
    go();
    await rig.turns();
    expect(rig.told()).to.eql(['agent_started', 'agent_cancelled a ada']);
    expect(rig.told('u')).to.eql(['agent_started', 'agent_completed one']);
    expect(rig.chunks.map(({ text }) => text)).to.eql(['a', 'one']);
  });

  it('blocks the event loop is named by the monitor, and the runs beside it end all the same', async () => {
    const rig: RunRig = new RunRig({
      heavy: async function* () {
        rig.clock.pass(2_000);
        yield 'done';
      }
    });
    await rig.say('one two', { thread: 'u' });
    await rig.say('hi', { agent: 'heavy' });
    expect(rig.runs.measures().blocking).to.deep.include({ agent: 'heavy', ms: 2_000 });
    expect(rig.runs.measures().blocking).to.deep.include({ agent: 'echo', ms: 0 });
    await rig.pass(0);
    expect(rig.told()).to.eql(['agent_started', 'agent_completed done']);
    expect(rig.told('u')).to.eql(['agent_started', 'agent_completed one two']);
  });
});

describe('an answer that', () => {
  const asking: Script = async function* () {
    const answer = yield { type: 'ask', prompt: 'How many?', schema: { type: 'integer' } };
    yield answer?.isAnswered === true ? `got ${String(answer.value)}` : 'nobody';
  };
  const begun = async (): Promise<{ rig: RunRig; run: string }> => {
    const rig = new RunRig({ asking });
    await rig.say('hi', { agent: 'asking' });
    return { rig, run: rig.runs.of('t')[0]?.run ?? '' };
  };

  it('fails its schema is refused, and the question stays open', async () => {
    const { rig, run } = await begun();
    expect(await rig.runs.answer(run, 'a1', 'bob', 1.5)).to.equal('bad_frame');
    expect(rig.runs.of('t')[0]?.state).to.equal('waiting');
    expect(await rig.runs.answer(run, 'a1', 'bob', 2)).to.equal(null);
    await rig.turns();
    expect(rig.told().at(-1)).to.equal('agent_completed got 2');
  });

  it('comes twice is refused the second time, also once the run is over', async () => {
    const { rig, run } = await begun();
    const both = [1, 2].map((value) => rig.runs.answer(run, 'a1', 'bob', value));
    expect(await Promise.all(both)).to.eql([null, 'conflict']);
    await rig.turns();
    expect(await rig.runs.answer(run, 'a1', 'eve', 3)).to.equal('not_found');
    expect(rig.told().filter((line) => line.startsWith('agent_answered'))).to.eql([
      'agent_answered bob'
    ]);
    expect(rig.told().at(-1)).to.equal('agent_completed got 1');
  });

  it('comes too late is refused: in the turn of the expiry, and after it', async () => {
    const { rig, run } = await begun();
    rig.log.fail('the disk is full');
    await rig.pass(LIMITS.askMs);
    expect(await rig.runs.answer(run, 'a1', 'bob', 1)).to.be.oneOf(['conflict', 'unavailable']);
    rig.log.fail(null);
    await rig.pass(1_000);
    expect(await rig.runs.answer(run, 'a1', 'bob', 1)).to.equal('not_found');
    expect(rig.told()).to.eql([
      'agent_started',
      'agent_waiting',
      'agent_answered',
      'agent_completed nobody'
    ]);
  });
});
