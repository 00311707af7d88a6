import { expect } from 'chai';
import { createActor } from 'xstate';
import { getSimplePaths } from 'xstate/graph';
import {
  RUN_ENDS,
  runMachine,
  type RunEvent,
  type RunInput
} from '../../../machines/agents/run.machine.js';
import { VirtualClock } from '../../virtual-clock.js';

const LIMIT_MS = 1_000;
const ANSWER_MS = 50;

function start(from: RunInput['from'] = 'queued') {
  const clock = new VirtualClock();
  const told: string[] = [];
  const input = {
    run: 'r',
    agent: 'echo',
    thread: 't',
    from,
    limitMs: LIMIT_MS,
    answerMs: ANSWER_MS
  };
  const actor = createActor(runMachine, { clock, input });
  for (const type of ['run.overdue', 'answer.overdue'] as const) {
    actor.on(type, () => told.push(type));
  }
  actor.start();
  return {
    clock,
    told,
    send: (...events: RunEvent[]) => {
      for (const event of events) actor.send(event);
    },
    snapshot: () => actor.getSnapshot(),
    value: () => actor.getSnapshot().value
  };
}

const BEGUN: RunEvent = { type: 'run.begun' };
const ASKED: RunEvent = { type: 'run.asked', answerMs: ANSWER_MS };
const ANSWERED: RunEvent = { type: 'run.answered' };
const STORED: RunEvent = { type: 'run.stored' };
const ended = (end: (typeof RUN_ENDS)[number]): RunEvent => ({ type: 'run.ended', end });

describe('runMachine', () => {
  for (const end of RUN_ENDS) {
    it(`is over as ${end} only when the log has that end`, () => {
      const run = start();
      run.send(BEGUN, ended(end));
      expect(run.value()).to.equal('ending');
      expect(run.snapshot().status).to.equal('active');
      run.send(STORED);
      expect(run.value()).to.equal(end);
      expect(run.snapshot().status).to.equal('done');
    });
  }

  it('keeps its first end, whatever comes while that is being stored', () => {
    const run = start();
    run.send(BEGUN, ended('cancelled'), ended('completed'), ANSWERED, STORED);
    expect(run.value()).to.equal('cancelled');
  });

  it('is overdue when it has run as long as it may, and not a millisecond before', async () => {
    const run = start();
    run.send(BEGUN);
    await run.clock.advance(LIMIT_MS - 1);
    expect(run.told).to.deep.equal([]);
    await run.clock.advance(1);
    expect(run.told).to.deep.equal(['run.overdue']);
  });

  it('has no limit in the queue', async () => {
    const run = start();
    await run.clock.advance(100 * LIMIT_MS);
    expect(run.told).to.deep.equal([]);
  });

  it('says once that nobody has answered in time, and goes on to wait for what is made of that', async () => {
    const run = start();
    run.send(BEGUN, ASKED);
    await run.clock.advance(ANSWER_MS - 1);
    expect(run.told).to.deep.equal([]);
    await run.clock.advance(10 * LIMIT_MS);
    expect(run.told).to.deep.equal(['answer.overdue']);
    expect(run.value()).to.equal('waiting');
  });

  it('waits for the answer to what was asked before a restart', async () => {
    const run = start('waiting');
    expect(run.value()).to.equal('waiting');
    await run.clock.advance(ANSWER_MS);
    expect(run.told).to.deep.equal(['answer.overdue']);
    run.send(ANSWERED);
    expect(run.value()).to.equal('running');
  });

  it('counts attempts, and gives them one limit together', async () => {
    const run = start();
    run.send(BEGUN);
    await run.clock.advance(LIMIT_MS - 1);
    run.send({ type: 'run.retried' });
    expect(run.snapshot().context.attempt).to.equal(2);
    await run.clock.advance(1);
    expect(run.told).to.deep.equal(['run.overdue']);
  });

  const EVENTS = [
    BEGUN,
    ASKED,
    ANSWERED,
    STORED,
    ...RUN_ENDS.map(ended),
    { type: `xstate.after.limit.run.running` },
    { type: `xstate.after.answer.run.waiting` }
  ] as RunEvent[];

  for (const [from, count] of [
    ['queued', 36],
    ['waiting', 27]
  ] as const) {
    const input = {
      run: 'r',
      agent: 'echo',
      thread: 't',
      from,
      limitMs: LIMIT_MS,
      answerMs: ANSWER_MS
    };
    const paths = getSimplePaths(runMachine, {
      input,
      events: EVENTS,
      stopWhen: ({ status }) => status === 'done',
      serializeState: ({ value, context: { end } }) => JSON.stringify([value, end])
    });

    it(`has ${String(count)} paths from ${from}, of which each that is over went through ending once`, () => {
      expect(paths).to.have.length(count);
      for (const { steps, state } of paths) {
        const values = steps.map(({ state: { value } }) => value);
        const endings = values.filter((value) => value === 'ending').length;
        expect(endings).to.be.at.most(1);
        if (state.status === 'done') {
          expect(state.value).to.equal(state.context.end);
          expect(endings + Number(state.value === 'ending')).to.equal(1);
        }
      }
    });
  }
});
