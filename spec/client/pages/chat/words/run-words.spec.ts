import { expect } from 'chai';
import {
  answerWords,
  durationWords,
  JSON_SHOWN_MAX,
  jsonLine,
  jsonText,
  lineOf,
  runWords,
  spokenWords
} from '../../../../../client/pages/chat/words/run-words.js';
import { NO_NOTES, type RunNotes } from '../../../../../client/pages/chat/agents/run-notes.js';
import type { Run } from '../../../../../client/sdk/thread/runs/run.js';
import { NO_RUNS, reduceRuns, runList } from '../../../../../client/sdk/thread/runs/runs.js';
import type { MessageFrame } from '../../../../../protocol/frames.js';
import { RECORDED, recordedRun, type RecordedFrame } from '../../../sdk/recorded-runs.js';

function runAfter(frames: readonly RecordedFrame[]): Run {
  const run = runList(frames.reduce(reduceRuns, NO_RUNS)).at(-1);
  if (run === undefined) throw new Error('no run');
  return run;
}

describe('runWords', () => {
  it('says what the agent does while it is at it', () => {
    const frames = recordedRun('q1');
    const words = [2, 3, 4, 5, 60].map((count) => runWords(runAfter(frames.slice(0, count)), true));
    const expected = ['Thinking…', 'Thinking…', 'Using search_logs…', 'Thinking…', 'Answering…'];
    expect(words).to.eql(expected);
  });

  it('says what a run waits for', () => {
    const run = runAfter(recordedRun('q1').slice(0, 2));
    const ask = { ask: 'a1', prompt: 'Which one?', schema: null, expiresAt: null };
    const more = { ahead: 3, isAwaited: false, notes: NO_NOTES };
    expect(runWords({ ...run, state: 'queued' }, true)).to.match(/^Next in line/);
    expect(runWords({ ...run, state: 'queued' }, true, more)).to.match(/3 answers come before it$/);
    expect(runWords({ ...run, state: 'waiting', ask }, true)).to.equal('Waits for an answer');
    expect(runWords({ ...run, state: 'waiting', ask }, false)).to.equal('Its end is not here');
  });

  it('says how it ended', () => {
    const words = (['q1', 'q2', 'q3'] as const).map((q) =>
      runWords(runAfter(recordedRun(q)), false)
    );
    expect(words).to.eql([
      'Done in 9.2 s',
      'Failed: restart_workers did not answer within 30 s; no worker was restarted',
      'Stopped by ada'
    ]);
  });

  it('says what one can do when it failed for a reason that the page knows', () => {
    const run = runAfter(recordedRun('q2'));
    const words = (code: string): string =>
      runWords({ ...run, error: { code, message: 'technical' } }, false);
    expect(words('interrupted')).to.match(/^Interrupted: the server stopped .* try again/);
    expect(words('provider_busy')).to.equal('The model is busy. Try again in a minute.');
    expect(words('toString')).to.equal('Failed: technical');
  });

  it('tells what was withdrawn from what was stopped, and by what', () => {
    const stopped = runAfter(recordedRun('q3'));
    const words = (notes: Partial<RunNotes>, run = stopped): string =>
      runWords(run, false, { ahead: 0, isAwaited: false, notes: { ...NO_NOTES, ...notes } });
    expect(words({ wasQueued: true })).to.equal('Stopped by ada');
    expect(words({ wasQueued: true }, { ...stopped, startOffset: null })).to.equal(
      'Withdrawn by ada'
    );
    expect(words({ isInterrupted: true })).to.equal('Stopped by a newer message of ada');
  });

  it('says after what time it was stopped', () => {
    const run = runAfter(recordedRun('q3'));
    expect(runWords({ ...run, ms: 4_120 }, false)).to.equal('Stopped by ada after 4.1 s');
    expect(runWords({ ...run, ms: 4_120, startOffset: null }, false)).to.match(/^Stopped by ada/);
  });

  it('says that another version was asked for', () => {
    const more = { ahead: 0, isAwaited: true, notes: NO_NOTES };
    expect(runWords(runAfter(recordedRun('q1')), false, more)).to.equal(
      'Done in 9.2 s Asked again…'
    );
  });

  it('does not say that it goes on when nothing more will come', () => {
    const run = runAfter(recordedRun('q1').slice(0, 60));
    expect(runWords(run, false)).to.equal('Its end is not here');
    expect(runWords({ ...run, hole: true }, true)).to.match(/Some of it has not come/);
    expect(runWords({ ...run, state: 'lost' }, false)).to.match(/not kept/);
  });
});

describe('answerWords', () => {
  it('says who answered what, or that nobody did in time', () => {
    const words = [true, 3, 'a b', { size: 'small', count: 3 }, null].map((value) =>
      answerWords({ by: 'ada', value })
    );
    expect(words).to.eql([
      'ada: yes',
      'ada: 3',
      'ada: a b',
      'ada: size: small, count: 3',
      'ada: null'
    ]);
    expect(answerWords({ by: null, value: undefined })).to.equal('Nobody answered in time');
  });
});

describe('spokenWords', () => {
  it('says once how a run begins and ends, cut where it is long', () => {
    expect(spokenWords(runAfter(recordedRun('q1').slice(0, 2)))).to.equal('helper is answering');
    const answered = spokenWords(runAfter(recordedRun('q1')));
    expect(answered).to.match(/^helper answered: The checkout got slower at 14:02 yesterday/);
    expect(answered)
      .to.match(/The rest is in the log\.$/)
      .and.to.have.length.below(360);
    expect(spokenWords(runAfter(recordedRun('q3')))).to.equal('helper was stopped');
  });
});

describe('lineOf', () => {
  it('is a line of words for every kind of entry', () => {
    const lines = RECORDED.filter((frame): frame is MessageFrame => frame.type === 'message').map(
      lineOf
    );
    expect(new Set(lines.slice(1, 8))).to.eql(
      new Set(['is answering…', 'is thinking…', 'is using a tool…'])
    );
    for (const line of lines) expect(line).to.not.match(/[{}\n]|\*\*/);
  });
});

describe('durationWords', () => {
  it('names short and long spans', () => {
    const words = [0.4, 412, 999.4, 1_280, 59_940, 59_960, 125_000].map(durationWords);
    expect(words).to.eql(['0 ms', '412 ms', '999 ms', '1.3 s', '59.9 s', '1 min 0 s', '2 min 5 s']);
  });
});

describe('jsonText', () => {
  it('is JSON to read, strings as they are, and cut where it is far too long', () => {
    expect(jsonText({ a: [1] })).to.equal('{\n  "a": [\n    1\n  ]\n}');
    expect(jsonText('a\nb')).to.equal('a\nb');
    expect(jsonText(undefined)).to.equal('');
    const long = jsonText('x'.repeat(JSON_SHOWN_MAX + 1_234));
    expect(long.endsWith('x\n… 1,234 more characters')).to.equal(true);
  });
});

describe('jsonLine', () => {
  it('names the fields of an object in one bounded line', () => {
    expect(jsonLine({ q: 'a b', n: 1, deep: { x: [1] } })).to.equal(
      'q: a b, n: 1, deep: {"x":[1]}'
    );
    expect(jsonLine([1, 2])).to.equal('[1,2]');
    expect(jsonLine(null)).to.equal('');
    expect(jsonLine({ a: 'x'.repeat(100), b: 1 })).to.match(/…, b: 1$/);
  });
});
