import { expect } from 'chai';
import { rowsOf, UNREADABLE } from '../../../actors/clickhouse/copy/rows.js';
import { delivered, FED_AT, MemoryFeed, moved, stepped } from '../log/memory-feed.js';

/** The first row of a table that a feed makes. */
function rowOf(table: string, fill: (feed: MemoryFeed) => void) {
  const feed = new MemoryFeed();
  fill(feed);
  const found = rowsOf(feed.next(10, 1e6), 'n1').find((rows) => rows.table === table);
  return found?.rows[0] ?? expect.fail('there is no row');
}
const message = (body: unknown, more = {}) =>
  rowOf('messages', (feed) => {
    feed.say('t1', body, more);
  });

describe('rowsOf', () => {
  it('gives each table the columns that its rows have', () => {
    const feed = new MemoryFeed();
    feed.say('t1', 'hello');
    feed.record(delivered('t1', 1));
    feed.record(moved('t1', 'idle', 'delivering'));
    feed.record(stepped('t1', 'read', 1, 1));
    feed.say('t2', { run: 'r1' }, { kind: 'agent_completed', user: 'agent:echo' });
    for (const { columns, rows } of rowsOf(feed.next(10, 1e6), 'n1')) {
      for (const row of rows) expect(Object.keys(row)).to.deep.equal(columns);
      expect(rows).not.to.deep.equal([]);
    }
  });

  describe('of a run that has ended', () => {
    const end = (kind: string, body: object, user = 'agent:echo') =>
      rowOf('runs', (feed) => {
        feed.say('t1', { run: 'r1', ...body }, { kind, user });
      });

    it('has how it went, and what is not known as null', () => {
      const usage = { input: 3, output: 4.6, model: 'm-1' };
      const about = { user: 'ada', inReplyTo: 'm7', ms: 1_200.5, firstTextMs: 80 };
      expect(end('agent_completed', { text: 'x', ...about, usage, attempt: 2 })).to.deep.equal({
        thread: 't1',
        epoch: 'e1',
        offset: 1,
        run: 'r1',
        agent: 'echo',
        user: 'ada',
        inReplyTo: 'm7',
        outcome: 'completed',
        code: '',
        attempts: 2,
        ms: 1_200.5,
        firstTextMs: 80,
        model: 'm-1',
        inputTokens: 3,
        outputTokens: 4,
        cachedTokens: null,
        reasoningTokens: null,
        at: FED_AT
      });
    });

    it('tells a run that failed from one that the end of the process interrupted', () => {
      const failed = (code: string) => end('agent_failed', { error: { code, message: '' } });
      expect(failed('timeout')).to.include({ outcome: 'failed', code: 'timeout', attempts: 0 });
      expect(failed('interrupted')).to.include({ outcome: 'interrupted', attempts: 1, ms: null });
      expect(end('agent_cancelled', { by: 'bob' })).to.include({ outcome: 'cancelled', code: '' });
    });

    it('is made of nothing that anybody else writes, nor of other entries of a run', () => {
      const feed = new MemoryFeed();
      feed.say('t1', { run: 'r1' }, { kind: 'agent_completed', user: 'ada' });
      feed.say('t1', { run: 'r1' }, { kind: 'agent_started', user: 'agent:echo' });
      feed.say('t1', { text: 'no run' }, { kind: 'agent_completed', user: 'agent:echo' });
      const runs = rowsOf(feed.next(10, 1e6), 'n1').find(({ table }) => table === 'runs');
      expect(runs?.rows).to.deep.equal([]);
    });
  });

  it('keeps how long a message took to be stored, and nothing where that was not measured', () => {
    const row = (more: object) =>
      rowOf('deliveries', (feed) => {
        feed.record(delivered('t1', 1, more));
      });
    expect(row({ appendedMs: 1.23456 })).to.include({ appendedMs: 1.235 });
    expect(row({})).to.include({ appendedMs: null });
  });

  const texts: [unknown, string][] = [
    ['text by itself', 'text by itself'],
    [{ text: 'in a body' }, 'in a body'],
    [{ text: 7 }, ''],
    [{ words: 'elsewhere' }, ''],
    [['text'], ''],
    [null, '']
  ];
  for (const [body, text] of texts) {
    it(`lets search look at ${JSON.stringify(text)} of ${JSON.stringify(body)}`, () => {
      expect(message(body)).to.include({ text, body: JSON.stringify(body) });
    });
  }

  it('lets search look at composed characters, and keeps the body as it was written', () => {
    const row = message({ text: 'e\u0301cole' });
    expect(row).to.include({ text: '\u00e9cole', body: '{"text":"e\u0301cole"}' });
    expect(message('e\u0301')).to.include({ text: '\u00e9' });
  });

  it('makes halves of surrogate pairs sound, in names and in text', () => {
    const row = message({ text: 'a\ud800' }, { user: '\udfff', mid: 'm\ud83d' });
    expect(row).to.include({ text: 'a\ufffd', user: '\ufffd', mid: 'm\ufffd' });
    expect(row['body']).to.equal('{"text":"a\\ud800"}');
  });

  it('keeps a frame that cannot be read, as it is, at its place', () => {
    const row = rowOf('messages', (feed) => {
      feed.add({ thread: 't1', epoch: 'e1', offset: 1, frame: '{"type":' });
    });
    expect(row).to.include({ thread: 't1', offset: 1, kind: UNREADABLE, body: '{"type":', at: 0 });
  });

  const numbers: [number, number][] = [
    [-1, 0],
    [1.2345678, 1.235],
    [1e12, 1e12]
  ];
  for (const [tookMs, stored] of numbers) {
    it(`stores ${String(stored)} for a duration of ${String(tookMs)} ms`, () => {
      const row = rowOf('deliveries', (feed) => {
        feed.record(delivered('t1', 1, { tookMs, at: FED_AT }));
      });
      expect(row).to.include({ tookMs: stored, at: FED_AT });
    });
  }
});
