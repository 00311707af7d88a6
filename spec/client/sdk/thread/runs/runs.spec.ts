import { expect } from 'chai';
import fc from 'fast-check';
import {
  foldRun,
  RUN_STEPS_MAX,
  RUN_TEXT_MAX,
  runOf,
  type Run
} from '../../../../../client/sdk/thread/runs/run.js';
import {
  changedRuns,
  NO_RUNS,
  reduceRuns,
  runList,
  RUNS_ENDED_MAX,
  RUNS_LIVE_MAX,
  type Runs
} from '../../../../../client/sdk/thread/runs/runs.js';
import type { MessageFrame, ServerFrame } from '../../../../../protocol/frames.js';
import { RECORDED, recordedRun } from '../../recorded-runs.js';
import { cpuMs } from '../../../../cpu-time.js';

function event(offset: number, kind: string, body: unknown): MessageFrame {
  return {
    type: 'message',
    thread: 't',
    offset,
    mid: `m${String(offset)}`,
    from: { user: 'bot' },
    at: offset,
    kind,
    body
  };
}

function chunk(run: string, at: number, text: string): ServerFrame<'chunk'> {
  return { type: 'chunk', thread: 't', run, at, text };
}

type Told = ServerFrame<'subscribed'>['runs'];

function subscribed(runs: Told, offset = 0, epoch = 'x1'): ServerFrame<'subscribed'> {
  const place = { thread: 't', epoch, offset, recovered: true, replay: 0, gap: null };
  return { type: 'subscribed', ...place, runs, present: [] };
}

function told(run: string, text: string, state = 'streaming'): Told[number] {
  return { run, state, mid: 'q', text, at: text.length };
}

function caughtUp(offset = 0): ServerFrame<'caught_up'> {
  return { type: 'caught_up', thread: 't', offset };
}

function after(...frames: ServerFrame[]): Runs {
  return frames.reduce(reduceRuns, NO_RUNS);
}

function only(runs: Runs): Run {
  const list = runList(runs);
  expect(list).to.have.length(1);
  return list[0]!;
}

const STARTED = event(1, 'agent_started', { run: 'r', agent: 'bot', inReplyTo: 'q' });

describe('reduceRuns', () => {
  it('tells a whole run as one value', () => {
    const run = only(after(...recordedRun('q1')));
    expect(run).to.include({ state: 'completed', agent: 'helper', inReplyTo: 'q1', ms: 9_240 });
    expect(run).to.include({ startOffset: 2, endOffset: 9, hole: false, truncated: false });
    const outline = run.steps.map((step) =>
      step.type === 'tool' ? `${step.tool} ${step.state} ${String(step.ms)}` : step.type
    );
    expect(outline).to.eql(['thinking', 'search_logs ok 412', 'thinking', 'query_traces ok 1280']);
  });

  it('tells why a run failed and who cancelled one, with the text so far', () => {
    const failed = only(after(...recordedRun('q2')));
    expect(failed.state).to.equal('failed');
    expect(failed.error?.code).to.equal('tool_failed');
    expect(failed.text).to.match(/^I am restarting/);
    expect(failed.steps[0]).to.include({ state: 'failed', ms: 30_004 });
    const cancelled = only(after(...recordedRun('q3')));
    expect(cancelled).to.include({ state: 'cancelled', by: 'ada', error: null });
    expect(cancelled.text).to.match(/^# Incident/);
  });

  it('has the answer so far after every chunk', () => {
    let runs = after(STARTED);
    for (const [at, text] of [
      [0, 'one'],
      [3, ' two'],
      [7, ' three']
    ] as const) {
      runs = reduceRuns(runs, chunk('r', at, text));
    }
    expect(only(runs).text).to.equal('one two three');
  });

  it('takes a chunk that overlaps, and one that says something else from there on', () => {
    const runs = after(STARTED, chunk('r', 0, 'one tw'), chunk('r', 4, 'two'));
    expect(only(runs).text).to.equal('one two');
    expect(only(reduceRuns(runs, chunk('r', 4, '2'))).text).to.equal('one 2');
  });

  it('stays the very same when a frame says nothing new', () => {
    const runs = after(STARTED, chunk('r', 0, 'one two'));
    const nothing: ServerFrame[] = [
      STARTED,
      chunk('r', 0, 'one'),
      chunk('r', 4, 'two'),
      chunk('r', 7, ''),
      chunk('r', -1, 'x'),
      chunk('unknown', 0, 'x'),
      caughtUp(),
      event(2, 'user_message', { run: 'r' }),
      { type: 'ping' }
    ];
    for (const frame of nothing) expect(reduceRuns(runs, frame)).to.equal(runs);
  });

  it('does not join what does not belong together when chunks are missing', () => {
    const runs = after(STARTED, chunk('r', 0, 'one'), chunk('r', 8, 'three'));
    expect(only(runs)).to.include({ text: 'one', hole: true });
    const again = reduceRuns(runs, subscribed([told('r', 'one two three')]));
    expect(only(again)).to.include({ text: 'one two three', hole: false });
    const end = event(2, 'agent_completed', { run: 'r', text: 'all', ms: 1 });
    expect(only(reduceRuns(runs, end))).to.include({ text: 'all', hole: false });
  });

  it('goes on from what the server tells when it joins in the middle', () => {
    const runs = after(
      subscribed([told('r', 'so far')], 9),
      caughtUp(9),
      chunk('r', 6, ' so good')
    );
    const joined = { state: 'streaming', text: 'so far so good', inReplyTo: 'q', agent: null };
    expect(only(runs)).to.include(joined);
  });

  it('keeps what it has when the server tells an older state', () => {
    const runs = after(STARTED, chunk('r', 0, 'one two'), subscribed([told('r', 'one')]));
    expect(only(runs).text).to.equal('one two');
  });

  it('takes the state that the server tells, and the first end in the log before it', () => {
    const failed = event(5, 'agent_failed', { run: 'r', error: { code: 'c', message: 'm' } });
    const runs = after(STARTED, subscribed([told('r', 'x', 'completed')], 5));
    expect(only(runs).state).to.equal('completed');
    const ended = reduceRuns(runs, failed);
    expect(only(ended)).to.include({ state: 'failed', text: 'x' });
    const second = event(6, 'agent_cancelled', { run: 'r', by: 'ada', text: '' });
    expect(reduceRuns(ended, second)).to.equal(ended);
    expect(only(reduceRuns(ended, subscribed([told('r', 'y')], 6))).state).to.equal('failed');
  });

  it('calls a run lost when all has come, and neither its end nor a word of it', () => {
    const runs = after(STARTED, subscribed([], 4), caughtUp(4));
    expect(only(runs).state).to.equal('lost');
    // A later chunk or the end shows that the run is not lost.
    expect(only(reduceRuns(runs, chunk('r', 0, 'x')))).to.include({ state: 'streaming' });
    const end = event(9, 'agent_completed', { run: 'r', text: 'all', ms: 1 });
    expect(only(reduceRuns(runs, end)).state).to.equal('completed');
  });

  it('does not call a run lost that began while the rest was read', () => {
    const begun = event(5, 'agent_started', { run: 'r', agent: 'bot', inReplyTo: 'q' });
    expect(only(after(subscribed([], 4), begun, caughtUp(5))).state).to.equal('streaming');
  });

  it('forgets all when the thread begins anew', () => {
    const runs = after(subscribed([], 1), STARTED, subscribed([], 0, 'x2'));
    expect(runList(runs)).to.eql([]);
  });

  it('keeps the runs that ended last, and those that are forgotten do not come back', () => {
    const frames = Array.from({ length: RUNS_ENDED_MAX + 50 }, (_, i) => [
      event(2 * i + 1, 'agent_started', { run: `r${String(i)}`, agent: 'bot', inReplyTo: 'q' }),
      event(2 * i + 2, 'agent_completed', { run: `r${String(i)}`, text: '', ms: 1 })
    ]).flat();
    const runs = after(...frames);
    const ids = runList(runs).map(({ run }) => run);
    expect(ids).to.eql(Array.from({ length: RUNS_ENDED_MAX }, (_, i) => `r${String(i + 50)}`));
    expect(frames.reduce(reduceRuns, runs)).to.equal(runs);
  });

  it('bounds runs that never end', () => {
    const frames = Array.from({ length: RUNS_LIVE_MAX + 5 }, (_, i) =>
      event(i + 1, 'agent_started', { run: `r${String(i)}` })
    );
    expect(runList(after(...frames))).to.have.length(RUNS_LIVE_MAX);
  });

  it('cuts the answer at its bound and says so', () => {
    const full = after(STARTED, chunk('r', 0, 'x'.repeat(RUN_TEXT_MAX)));
    expect(only(full).truncated).to.equal(false);
    const past = reduceRuns(full, chunk('r', RUN_TEXT_MAX, 'y'));
    expect(only(past)).to.include({ truncated: true, hole: false });
    expect(only(past).text).to.have.length(RUN_TEXT_MAX);
    expect(reduceRuns(past, chunk('r', RUN_TEXT_MAX, 'z'))).to.equal(past);
    const end = event(2, 'agent_completed', { run: 'r', text: 'y'.repeat(RUN_TEXT_MAX + 1) });
    expect(only(reduceRuns(past, end)).text).to.have.length(RUN_TEXT_MAX);
  });

  it('keeps the first steps of a run that has too many, and says so', () => {
    const steps = Array.from({ length: RUN_STEPS_MAX + 3 }, (_, i) =>
      event(i + 2, 'agent_thinking', { run: 'r', text: String(i) })
    );
    const run = only(after(STARTED, ...steps));
    expect(run.truncated).to.equal(true);
    expect(run.steps.map(({ offset }) => offset)).to.eql(
      Array.from({ length: RUN_STEPS_MAX }, (_, i) => i + 2)
    );
  });

  it('takes 100,000 chunks in less time than copying the answer each time would', () => {
    let runs = after(STARTED);
    const tookMs = cpuMs(() => {
      for (let i = 0; i < 100_000; i++) runs = reduceRuns(runs, chunk('r', i * 2, 'ab'));
    });
    expect(only(runs).text).to.have.length(200_000);
    // Copying the answer for each chunk would move 10 GB.
    expect(tookMs).to.be.below(3_000);
  });

  it('waits with the question that the server tells or the log has, until it is answered or the run goes on', () => {
    const ask = { ask: 'a1', prompt: 'Which?', schema: { type: 'string' }, expiresAt: 9 };
    const waiting = { ...told('r', 'so', 'waiting'), agent: 'bot', ask };
    const joined = after(subscribed([waiting], 9), caughtUp(9));
    expect(only(joined)).to.deep.include({ state: 'waiting', agent: 'bot', ask });
    expect(only(after(STARTED, event(2, 'agent_waiting', { run: 'r', ...ask }))).ask).to.eql(ask);
    const answered = event(10, 'agent_answered', { run: 'r', ask: 'a1', by: 'ada', value: 'x' });
    expect(only(reduceRuns(joined, answered))).to.include({ state: 'streaming', ask: null });
    const elsewhere = reduceRuns(joined, subscribed([told('r', 'so')], 10));
    expect(only(elsewhere)).to.include({ state: 'streaming', ask: null });
  });

  it('tells what a run replaces, what it has cost, and which attempt its text is of', () => {
    const began = event(1, 'agent_started', { run: 'r', agent: 'bot', inReplyTo: 'q', edits: 'p' });
    const usage = { input: 12, output: 34, model: 'm-1', cached: -1, reasoning: 'many' };
    const end = event(2, 'agent_completed', { run: 'r', text: 'x', ms: 1, usage, attempt: 2 });
    const run = only(after(began, end));
    expect(run.replaces).to.eql({ how: 'edits', mid: 'p' });
    expect(run.usage).to.eql({
      input: 12,
      output: 34,
      cached: null,
      reasoning: null,
      model: 'm-1'
    });
    expect(run.attempt).to.equal(2);
    expect(only(after(STARTED))).to.include({ replaces: null, usage: null, attempt: 1 });
  });

  it('knows which message waits, as the server says it or as it began', () => {
    const queued = event(1, 'agent_queued', { run: 'r', position: 1, inReplyTo: 'q' });
    expect(runList(after(queued))[0]).to.include({ state: 'queued', inReplyTo: 'q' });
    const older = event(1, 'agent_queued', { run: 'r', position: 1 });
    expect(runList(after(older))[0]).to.include({ state: 'queued', inReplyTo: null });
    const began = event(2, 'agent_started', { run: 'r', agent: 'bot', inReplyTo: 'q' });
    expect(runList(after(older, began))[0]).to.include({ state: 'streaming', inReplyTo: 'q' });
  });

  it('never throws, whatever bodies come', () => {
    const kind = fc.constantFrom(
      'agent_started',
      'agent_thinking',
      'tool_executing',
      'tool_completed',
      'agent_completed',
      'agent_failed',
      'agent_cancelled',
      'agent_queued',
      'agent_waiting',
      'agent_answered',
      'agent_steered'
    );
    const field = fc.oneof(fc.constantFrom('r', 'k1', 'text', 1, true, null), fc.jsonValue());
    const body = fc.oneof(
      fc.jsonValue(),
      fc.record(
        {
          run: fc.constantFrom('r', 's', '', 7),
          agent: field,
          inReplyTo: field,
          call: field,
          tool: field,
          text: field,
          error: field,
          ms: field,
          ok: field,
          ask: field,
          usage: field,
          regenerates: field,
          schema: field
        },
        { requiredKeys: [] }
      )
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(kind, body)), (events) => {
        const runs = after(...events.map(([k, b], i) => event(i + 1, k, b)));
        for (const run of runList(runs)) {
          expect(run.text).to.be.a('string');
          expect(['r', 's']).to.include(run.run);
        }
      })
    );
  });

  it('ends in the same state however frames are repeated, dropped, overtaken or resumed', () => {
    const clean = after(subscribed([], 0), caughtUp(), ...RECORDED);
    const cut = fc.record({
      at: fc.nat(RECORDED.length),
      /** Number of frames before the cut that the client had not received. */
      lost: fc.nat(40),
      /** Frames that arrive a second time after the cut. */
      again: fc.array(fc.nat(RECORDED.length - 1), { maxLength: 5 })
    });
    fc.assert(
      fc.property(fc.array(cut, { maxLength: 6 }), fc.boolean(), (cuts, dropsChunks) => {
        let runs = after(subscribed([], 0), caughtUp());
        let from = 0;
        for (const { at, lost, again } of [...cuts].sort((a, b) => a.at - b.at)) {
          const taken = RECORDED.slice(from, Math.max(from, at - lost));
          from = Math.max(from, at);
          const missed = RECORDED.slice(0, from);
          for (const frame of taken) runs = reduceRuns(runs, frame);
          // The state of the server at the cut, in the form that `subscribed` has.
          const live = missed.reduce<Runs>(reduceRuns, NO_RUNS).live;
          const tells = [...live.values()].map(({ run, text }) => told(run, text));
          const head = missed.filter(({ type }) => type === 'message').length;
          runs = reduceRuns(runs, subscribed(tells, head));
          for (const frame of missed) {
            if (frame.type === 'message') runs = reduceRuns(runs, { ...frame, replay: true });
          }
          runs = reduceRuns(runs, caughtUp(head));
          for (const index of again) {
            const frame = RECORDED[index]!;
            if (index < from) runs = reduceRuns(runs, frame);
          }
        }
        for (const frame of RECORDED.slice(from)) {
          if (frame.type === 'message' || !dropsChunks) runs = reduceRuns(runs, frame);
        }
        expect(runList(runs)).to.eql(runList(clean));
      })
    );
  });
});

describe('foldRun', () => {
  it('gives the same run in whatever order its entries come, each any number of times', () => {
    const messages = recordedRun('q1').filter(
      (frame): frame is MessageFrame => frame.type === 'message' && runOf(frame) !== null
    );
    const fold = (list: readonly MessageFrame[]): Run | undefined =>
      list.reduce<Run | undefined>(foldRun, undefined);
    const whole = fold(messages);
    expect(whole?.state).to.equal('completed');
    fc.assert(
      fc.property(
        fc.shuffledSubarray([...messages, ...messages], { minLength: 2 * messages.length }),
        (shuffled) => {
          expect(fold(shuffled)).to.eql(whole);
        }
      )
    );
  });

  it('leaves entries of other runs alone', () => {
    const run = foldRun(undefined, STARTED);
    expect(foldRun(run, event(2, 'agent_thinking', { run: 'other', text: 'x' }))).to.equal(run);
  });
});

describe('changedRuns', () => {
  it('tells the runs that a frame has changed, and no others', () => {
    const other = event(2, 'agent_started', { run: 's', agent: 'bot', inReplyTo: 'q' });
    const before = after(STARTED, other);
    const changes = (frame: ServerFrame): string[] =>
      changedRuns(before, reduceRuns(before, frame)).map(({ run, state }) => `${run} ${state}`);
    expect(changes(chunk('s', 0, 'x'))).to.eql(['s streaming']);
    expect(changes(event(3, 'agent_cancelled', { run: 'r', by: 'ada' }))).to.eql(['r cancelled']);
    expect(changes(chunk('q', 0, 'x'))).to.eql([]);
  });
});
