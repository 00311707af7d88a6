import { ANSWER_CHARS_MAX } from '../../../actors/agents/answer-schema.js';
import { expect } from 'chai';
import { AgentError, type AgentEvent } from '../../../actors/agents/agent.js';
import { boundsOf, LIMITS, RunRig, type Script } from './run-rig.js';

const never = (): Promise<void> => new Promise(() => undefined);

/** Yields what it is given. */
const says = (...events: AgentEvent[]): Script =>
  async function* () {
    yield* events;
  };

/** Yields what it is given, and then never ends. */
const hangs = (...events: AgentEvent[]): Script =>
  async function* () {
    yield* events;
    await never();
  };

describe('Runs', () => {
  it('answers a message: a start, pieces that make the text, and one end with all of it', async () => {
    const rig = new RunRig({});
    const mid = await rig.say('one two three');
    await rig.pass(1_000);
    expect(rig.told()).to.deep.equal(['agent_started', 'agent_completed one two three']);
    expect(rig.entries()[1]).to.deep.include({ from: { user: 'agent:echo' } });
    expect(rig.entries()[1]?.body).to.deep.include({ agent: 'echo', inReplyTo: mid });
    let text = '';
    for (const { at, text: piece } of rig.chunks) text = text.slice(0, at) + piece;
    expect(text).to.equal('one two three');
    expect(rig.left()).to.deep.equal([]);
  });

  it('says in the entry of its end whom it answered and how long it took, as far as that is known', async () => {
    const rig = new RunRig({ wait: hangs() });
    const mid = await rig.say('one two');
    await rig.pass(1_000);
    expect(rig.entries().at(-1)?.body).to.deep.include({
      inReplyTo: mid,
      user: 'ada',
      ms: 100,
      firstTextMs: 0
    });
    const first = await rig.say('hi', { agent: 'wait' });
    const second = await rig.say('hi', { agent: 'wait' });
    const [, queued] = rig.runs.of('t');
    expect(rig.entries().at(-1)?.body).to.deep.include({ position: 1, inReplyTo: second });
    expect(rig.runs.withdraw(queued?.run ?? '', 'ada')).to.equal(null);
    await rig.turns();
    const withdrawn = rig.entries().at(-1);
    expect(withdrawn?.body).to.include({ inReplyTo: second }).and.not.have.property('ms');
    await rig.pass(70);
    rig.runs.cancelOf('t', first, 'ada');
    await rig.turns();
    expect(rig.entries().at(-1)?.body)
      .to.include({ inReplyTo: first, ms: 70 })
      .and.not.have.property('firstTextMs');
  });

  it('gathers pieces: the first at once, the others each 40 ms', async () => {
    const rig = new RunRig({
      quick: async function* () {
        for (let n = 0; n < 20; n++) yield 'x';
        await never();
      }
    });
    await rig.say('hi', { agent: 'quick' });
    expect(rig.chunks.map(({ text }) => text)).to.deep.equal(['x']);
    await rig.pass(40);
    expect(rig.chunks.map(({ text }) => text)).to.deep.equal(['x', 'x'.repeat(19)]);
  });

  it('writes thoughts and tools as entries, and ends each tool', async () => {
    const rig = new RunRig({
      tools: says(
        { type: 'thinking', text: 'hm' },
        { type: 'toolCall', call: 'k1', tool: 'search', args: { q: 1 } },
        { type: 'toolResult', call: 'k1', ok: true, result: [1] },
        { type: 'toolCall', call: 'k2', tool: 'search', args: {} },
        { type: 'usage', input: 3, output: 4 },
        'done'
      )
    });
    await rig.say('hi', { agent: 'tools' });
    expect(rig.told()).to.deep.equal([
      'agent_started',
      'agent_thinking hm',
      'tool_executing',
      'tool_completed',
      'tool_executing',
      'tool_completed the agent ended without its result',
      'agent_completed done'
    ]);
    expect(rig.entries().at(-1)?.body).to.deep.include({ usage: { input: 3, output: 4 } });
  });

  describe('ends a run once, with the right word, when the agent', () => {
    const CASES: readonly (readonly [string, Script, string, string?])[] = [
      [
        'throws at once',

        async function* () {
          throw new Error('secret detail');
        },
        'agent_failed agent_error',
        'the agent bad failed: secret detail'
      ],
      ['yields nonsense', says({ type: 'text', text: 1 } as never), 'agent_failed bad_event'],
      ['yields nothing at all', says(), 'agent_completed'],
      [
        'says too much',
        says('x'.repeat(LIMITS.answerChars), 'y'),
        `agent_failed ${'x'.repeat(LIMITS.answerChars)} too_long`
      ],
      [
        'has a step that is too large',
        says({ type: 'thinking', text: 'x'.repeat(70_000) }),
        'agent_failed too_large'
      ],
      [
        'ends a tool that has not begun',
        says({ type: 'toolResult', call: 'k', ok: true }),
        'agent_failed bad_event'
      ],
      [
        'fails with a reason of its own',
        async function* () {
          yield 'so far';
          throw new AgentError('no_credit', 'the account is empty');
        },
        'agent_failed so far no_credit'
      ],
      [
        'yields for ever',
        async function* () {
          for (;;) yield { type: 'thinking', text: 'x' };
        },
        'agent_failed too_many_steps'
      ]
    ];
    for (const [what, run, end, fault] of CASES) {
      it(what, async () => {
        const rig = new RunRig({ bad: run });
        await rig.say('hi', { agent: 'bad' });
        await rig.turns(3_000);
        expect(rig.told()[0]).to.equal('agent_started');
        expect(rig.told().at(-1)).to.equal(end);
        expect(rig.told().filter((line) => /completed|failed|cancelled/.test(line))).to.have.length(
          1
        );
        expect(rig.faults).to.deep.equal(fault === undefined ? [] : [fault]);
        expect(rig.left()).to.deep.equal([]);
        expect(rig.reached).to.deep.equal(boundsOf(end));
      });
    }

    it('never yields: after the time of a run', async () => {
      const rig = new RunRig({ bad: hangs('so far') });
      await rig.say('hi', { agent: 'bad' });
      await rig.pass(LIMITS.runMs - 1);
      expect(rig.told()).to.deep.equal(['agent_started']);
      expect(rig.reached).to.deep.equal([]);
      await rig.pass(1);
      expect(rig.told()).to.deep.equal(['agent_started', 'agent_failed so far timeout']);
      expect(rig.reached).to.deep.equal(['runMs']);
    });

    it('goes on after its end: what it yields then is not written', async () => {
      let go: () => void = () => undefined;
      const gate = new Promise<void>((resolve) => (go = resolve));
      const rig = new RunRig({
        late: async function* () {
          yield 'a';
          await gate;
          yield 'b';
          yield { type: 'thinking', text: 'still here' };
        }
      });
      await rig.say('hi', { agent: 'late' });
      const [run] = rig.runs.of('t');
      rig.runs.cancel(run?.run ?? '', 'ada');
      await rig.turns();
      go();
      await rig.turns();
      expect(rig.told()).to.deep.equal(['agent_started', 'agent_cancelled a ada']);
      expect(rig.quiet).to.deep.equal([run?.run]);
    });
  });

  describe('cancels', () => {
    it('at once, and tells the agent by its signal', async () => {
      const aborted: boolean[] = [];
      const rig = new RunRig({
        slow: async function* ({ signal }) {
          signal.addEventListener('abort', () => aborted.push(signal.aborted));
          yield 'a';
          await never();
        }
      });
      const mid = await rig.say('hi', { agent: 'slow' });
      expect(rig.runs.cancelOf('t', mid, 'ada')).to.be.a('string');
      expect(aborted).to.deep.equal([true]);
      await rig.turns();
      expect(rig.told()).to.deep.equal(['agent_started', 'agent_cancelled a ada']);
    });

    it('before the message is stored', async () => {
      const rig = new RunRig({});
      expect(rig.runs.cancelOf('t', 'm1', 'ada')).to.equal(null);
      await rig.say('hi', { mid: 'm1' });
      expect(rig.told()).to.deep.equal(['agent_cancelled ada']);
    });

    it('not the run of somebody else by a mid that was guessed', async () => {
      const rig = new RunRig({ slow: hangs() });
      const mid = await rig.say('hi', { agent: 'slow' });
      expect(rig.runs.cancelOf('t', mid, 'eve')).to.equal(null);
      await rig.turns();
      expect(rig.told()).to.deep.equal(['agent_started']);
    });
  });

  describe('while a run is at work', () => {
    it('lets others wait in order, and says where they stand', async () => {
      const rig = new RunRig({});
      for (const text of ['one', 'two', 'three']) await rig.say(`${text} x`);
      expect(rig.runs.of('t').map(({ state }) => state)).to.deep.equal([
        'streaming',
        'queued',
        'queued'
      ]);
      await rig.pass(100);
      await rig.pass(100);
      await rig.pass(100);
      expect(rig.told()).to.deep.equal([
        'agent_started',
        'agent_queued',
        'agent_queued',
        'agent_completed one x',
        'agent_started',
        'agent_completed two x',
        'agent_started',
        'agent_completed three x'
      ]);
    });

    it('says of one that waits what it makes anew, as it says when it begins', async () => {
      const rig = new RunRig({});
      const first = await rig.say('one x');
      await rig.say('two x', { regenerates: first });
      await rig.say('three x', { edits: first });
      for (let n = 0; n < 3; n++) await rig.pass(100);
      const said = rig.entries().flatMap(({ kind, body }) => {
        if (kind !== 'agent_queued' && kind !== 'agent_started') return [];
        const fields = Object.entries(Object(body) as object);
        return [fields.filter(([name]) => name === 'regenerates' || name === 'edits').flat()];
      });
      const replaced = [
        ['regenerates', first],
        ['edits', first]
      ];
      expect(said).to.deep.equal([[], ...replaced, ...replaced]);
    });

    it('refuses one that is not to wait, and one for whom the queue is full', async () => {
      const rig = new RunRig({ slow: hangs() });
      await rig.say('one', { agent: 'slow' });
      expect(await rig.say('two', { agent: 'slow', whileRunning: 'reject' })).to.equal('conflict');
      for (let n = 0; n < 3; n++) await rig.say('more', { agent: 'slow' });
      expect(rig.reached).to.deep.equal([]);
      expect(await rig.say('too many', { agent: 'slow' })).to.equal('queue_full');
      expect(rig.reached).to.deep.equal(['queue']);
      expect(await rig.say('elsewhere', { agent: 'slow', thread: 'u' })).to.match(/^m/);
    });

    it('lets no user have more than the bound, whatever the threads', async () => {
      const rig = new RunRig({ slow: hangs() }, { runs: 100, perUser: 2, queue: 3 });
      await rig.say('one', { agent: 'slow', thread: 'a' });
      await rig.say('two', { agent: 'slow', thread: 'b' });
      expect(rig.reached).to.deep.equal([]);
      expect(await rig.say('three', { agent: 'slow', thread: 'c' })).to.equal('queue_full');
      expect(rig.reached).to.deep.equal(['perUser']);
      rig.runs.cancel(rig.runs.of('a')[0]?.run ?? '', 'ada');
      await rig.turns();
      expect(await rig.say('three', { agent: 'slow', thread: 'c' })).to.match(/^m/);
    });

    it('lets a server have no more than the bound, whoever asks', async () => {
      const rig = new RunRig({ slow: hangs() }, { runs: 2, perUser: 10, queue: 3 });
      await rig.say('one', { agent: 'slow', thread: 'a' });
      await rig.say('two', { agent: 'slow', thread: 'b', user: 'bob' });
      const third = { agent: 'slow', thread: 'c', user: 'eve' };
      expect(await rig.say('three', third)).to.equal('queue_full');
      expect(rig.reached).to.deep.equal(['runs']);
      rig.runs.cancel(rig.runs.of('a')[0]?.run ?? '', 'ada');
      await rig.turns();
      expect(await rig.say('three', third)).to.match(/^m/);
    });

    it('ends it when the next message interrupts', async () => {
      const rig = new RunRig({ slow: hangs('so far') });
      await rig.say('one', { agent: 'slow' });
      await rig.say('two', { whileRunning: 'interrupt' });
      expect(rig.told()).to.deep.equal([
        'agent_started',
        'agent_cancelled so far ada',
        'agent_started',
        'agent_completed two'
      ]);
    });

    it('gives it a message that steers', async () => {
      let steered: string[] = [];
      let go: () => void = () => undefined;
      const gate = new Promise<void>((resolve) => (go = resolve));
      const rig = new RunRig({
        open: async function* (context) {
          yield 'a';
          await gate;
          steered = context.steered().map(({ mid }) => mid);
          yield 'b';
        }
      });
      await rig.say('one', { agent: 'open' });
      await rig.say('two', { agent: 'open', whileRunning: 'steer' });
      go();
      await rig.turns();
      expect(steered).to.deep.equal(['m2']);
      expect(rig.told()).to.deep.equal(['agent_started', 'agent_steered', 'agent_completed ab']);
    });

    it('answers a message that was to steer it, when the agent has ended without asking for it', async () => {
      const rig = new RunRig({});
      await rig.say('one two');
      await rig.say('and this', { whileRunning: 'steer' });
      await rig.pass(100);
      await rig.pass(100);
      expect(rig.told()).to.deep.equal([
        'agent_started',
        'agent_steered',
        'agent_completed one two',
        'agent_started',
        'agent_completed and this'
      ]);
    });

    it('takes one out of the queue, but not one that has begun', async () => {
      const rig = new RunRig({ slow: hangs() });
      await rig.say('one', { agent: 'slow' });
      await rig.say('two', { agent: 'slow' });
      const [first, second] = rig.runs.of('t');
      expect(rig.runs.withdraw(first?.run ?? '', 'ada')).to.equal('conflict');
      expect(rig.runs.withdraw(second?.run ?? '', 'ada')).to.equal(null);
      expect(rig.runs.withdraw('r0', 'ada')).to.equal('not_found');
      await rig.turns();
      expect(rig.told()).to.deep.equal(['agent_started', 'agent_queued', 'agent_cancelled ada']);
    });
  });

  describe('asks', () => {
    const asking: Script = async function* () {
      const answer = yield {
        type: 'ask',
        prompt: 'Which?',
        schema: { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] }
      };
      yield answer?.isAnswered === true ? `got ${JSON.stringify(answer.value)}` : 'nobody';
    };

    it('takes an answer of as many characters as one may have, and not of one more', async () => {
      const rig = new RunRig({
        any: async function* () {
          const answer = yield { type: 'ask', prompt: 'What?' };
          yield answer?.isAnswered === true ? `got ${String(String(answer.value).length)}` : '';
        }
      });
      await rig.say('hi', { agent: 'any' });
      const run = rig.runs.of('t')[0]?.run ?? '';
      // As JSON, a text has two quotes more.
      const longest = 'x'.repeat(ANSWER_CHARS_MAX - 2);
      expect(await rig.runs.answer(run, 'a1', 'bob', `${longest}x`)).to.equal('bad_frame');
      expect(rig.reached).to.deep.equal(['reply']);
      expect(await rig.runs.answer(run, 'a1', 'bob', longest)).to.equal(null);
      await rig.turns();
      expect(rig.told().at(-1)).to.equal(`agent_completed got ${String(longest.length)}`);
      expect(rig.reached).to.deep.equal(['reply']);
    });

    it('waits for an answer that fits, takes the first, and goes on', async () => {
      const rig = new RunRig({ asking });
      await rig.say('hi', { agent: 'asking' });
      const [told] = rig.runs.of('t');
      const run = told?.run ?? '';
      expect(told?.state).to.equal('waiting');
      expect(await rig.runs.answer(run, 'a1', 'bob', 'text')).to.equal('bad_frame');
      expect(await rig.runs.answer(run, 'a2', 'bob', { n: 1 })).to.equal('not_found');
      const both = [
        rig.runs.answer(run, 'a1', 'bob', { n: 1 }),
        rig.runs.answer(run, 'a1', 'eve', { n: 2 })
      ];
      expect(await Promise.all(both)).to.deep.equal([null, 'conflict']);
      await rig.turns();
      expect(rig.told()).to.deep.equal([
        'agent_started',
        'agent_waiting',
        'agent_answered bob',
        'agent_completed got {"n":1}'
      ]);
    });

    it('says so when nobody answers in time, and does not count that as time of the run', async () => {
      const rig = new RunRig({ asking });
      await rig.say('hi', { agent: 'asking' });
      await rig.pass(LIMITS.askMs);
      expect(rig.told().slice(1)).to.deep.equal([
        'agent_waiting',
        'agent_answered',
        'agent_completed nobody'
      ]);
      expect(rig.entries()[3]?.body).to.deep.include({ expired: true, by: null });
    });

    it('goes on after a restart with the answer, and without asking again', async () => {
      const before = new RunRig({ asking });
      await before.say('hi', { agent: 'asking' });
      await before.runs.stop();
      const rig = new RunRig({ asking }, undefined, before.log);
      rig.runs.restore();
      await rig.turns();
      const [told] = rig.runs.of('t');
      expect(told?.state).to.equal('waiting');
      expect(await rig.runs.answer(told?.run ?? '', 'a1', 'bob', { n: 3 })).to.equal(null);
      await rig.turns();
      expect(rig.told()).to.deep.equal([
        'agent_started',
        'agent_waiting',
        'agent_answered bob',
        'agent_completed got {"n":3}'
      ]);
      expect(rig.left()).to.deep.equal([]);
    });

    it('keeps all that was said before a question, however soon the process dies', async () => {
      const said = '😀'.repeat(7_000);
      const before = new RunRig({
        talks: async function* (context) {
          yield 'Well. ';
          yield said;
          yield* asking(context);
        }
      });
      await before.say('hi', { agent: 'talks' });
      const rig = new RunRig({ asking }, undefined, before.log);
      rig.runs.restore();
      await rig.turns();
      expect(rig.runs.of('t').map(({ state, text }) => [state, text])).to.deep.equal([
        ['waiting', `Well. ${said}`]
      ]);
      rig.runs.cancel(rig.runs.of('t')[0]!.run, 'ada');
      await rig.turns();
      expect(rig.told().at(-1)).to.equal(`agent_cancelled Well. ${said} ada`);
      expect(rig.left()).to.deep.equal([]);
    });
  });

  describe('tries again', () => {
    it('when the agent says so, and the new text replaces the old', async () => {
      const rig = new RunRig({
        flaky: async function* ({ attempt }) {
          yield `try ${String(attempt)}`;
          if (attempt < 3) throw new AgentError('busy', 'come back', 500);
        }
      });
      await rig.say('hi', { agent: 'flaky' });
      await rig.pass(500);
      await rig.pass(500);
      expect(rig.told()).to.deep.equal(['agent_started', 'agent_completed try 3']);
      expect(rig.entries().at(-1)?.body).to.deep.include({ attempt: 3 });
      expect(rig.chunks.map(({ at, text, attempt }) => [at, text, attempt])).to.deep.equal([
        [0, 'try 1', 1],
        [0, 'try 2', 2],
        [0, 'try 3', 3]
      ]);
    });

    it('no more than three times', async () => {
      const rig = new RunRig({
        flaky: async function* () {
          throw new AgentError('busy', 'come back', 1);
        }
      });
      await rig.say('hi', { agent: 'flaky' });
      for (let n = 0; n < 10; n++) await rig.pass(1);
      expect(rig.told()).to.deep.equal(['agent_started', 'agent_failed busy']);
    });
  });

  describe('after the process has died', () => {
    it('ends what ran as interrupted, with the text so far and its tools, and begins what waited', async () => {
      const before = new RunRig({
        slow: hangs('so far, ', 'it said', { type: 'toolCall', call: 'k', tool: 'search', args: 1 })
      });
      await before.say('one', { agent: 'slow' });
      await before.say('two');
      await before.pass(2_000);
      const rig = new RunRig({}, undefined, before.log);
      rig.runs.restore();
      await rig.turns();
      expect(rig.told().slice(2)).to.deep.equal([
        'agent_queued',
        'tool_completed the run ended first',
        'agent_failed so far, it said interrupted',
        'agent_started',
        'agent_completed two'
      ]);
      expect(rig.left()).to.deep.equal([]);
    });

    it('keeps the text of the last attempt only, and leaves nothing of those before', async () => {
      const before = new RunRig({
        flaky: async function* ({ attempt }) {
          yield `try ${String(attempt)}`;
          if (attempt > 1) await never();
          await new Promise<void>((resolve) => {
            before.clock.setTimeout(resolve, 2_500);
          });
          throw new AgentError('busy', 'come back', 500);
        }
      });
      await before.say('one', { agent: 'flaky' });
      await before.pass(2_500);
      await before.pass(500);
      await before.pass(2_000);
      const rig = new RunRig({}, undefined, before.log);
      rig.runs.restore();
      await rig.turns();
      expect(rig.told()).to.deep.equal(['agent_started', 'agent_failed try 2 interrupted']);
      expect(rig.left()).to.deep.equal([]);
    });

    it('tells no text after a piece that is not there, and leaves none of it', async () => {
      const before = new RunRig({
        long: async function* () {
          yield 'x'.repeat(30_000);
          await never();
        }
      });
      await before.say('one', { agent: 'long' });
      await before.pass(2_000);
      const [, second] = [...before.log.records('rollcall:runs', 'run_text')];
      await before.log.setRecord('rollcall:runs', 'run_text', second?.id ?? '', null);
      const rig = new RunRig({}, undefined, before.log);
      rig.runs.restore();
      await rig.turns();
      expect(rig.told()[1]).to.equal(`agent_failed ${'x'.repeat(12_000)} interrupted`);
      expect(rig.left()).to.deep.equal([]);
    });

    it('does not lose a run whose agent is not there any more', async () => {
      const before = new RunRig({ slow: hangs() });
      await before.say('one', { agent: 'slow' });
      await before.say('two', { agent: 'slow' });
      const rig = new RunRig({}, undefined, before.log);
      rig.runs.restore();
      await rig.turns();
      expect(rig.told().slice(2)).to.deep.equal([
        'agent_failed interrupted',
        'agent_failed unknown_agent'
      ]);
    });
  });

  describe('while the log takes nothing', () => {
    it('keeps the end of a run until it does', async () => {
      const rig = new RunRig({});
      await rig.say('one two');
      rig.log.fail('the disk is full');
      await rig.pass(100);
      expect(rig.told()).to.deep.equal(['agent_started']);
      rig.log.fail(null);
      await rig.pass(1_000);
      expect(rig.told()).to.deep.equal(['agent_started', 'agent_completed one two']);
    });
  });

  it('keeps pieces of a long answer while it grows, each once, and forgets them with the run', async () => {
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const rig = new RunRig({
      long: async function* () {
        for (let n = 0; n < 10; n++) yield '😀'.repeat(1_500);
        await gate;
      }
    });
    await rig.say('hi', { agent: 'long' });
    await rig.pass(2_000);
    const pieces = [...rig.log.records('rollcall:runs', 'run_text')].map(({ text }) => text);
    expect(pieces.join('')).to.equal('😀'.repeat(15_000));
    expect(pieces.every((piece) => piece.isWellFormed())).to.equal(true);
    go();
    await rig.turns();
    expect(rig.left()).to.deep.equal([]);
  });
});
