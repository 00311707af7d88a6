import { expect } from 'chai';
import { CHARTS_MAX, ChartStore } from '../../../../../client/pages/inspect/chart/chart-store.js';
import type { LinkAnswer } from '../../../../../client/pages/inspect/link/link.js';
import { settle } from '../../../../virtual-clock.js';
import { CHART } from '../recorded.js';

describe('ChartStore', () => {
  let asked: string[];
  let answer: () => Promise<LinkAnswer>;
  let changes: number;
  let store: ChartStore;

  beforeEach(() => {
    asked = [];
    changes = 0;
    answer = () => Promise.resolve({ code: 200, text: JSON.stringify(CHART) });
    store = new ChartStore({
      ask: (path) => {
        asked.push(path);
        return answer();
      },
      changed: () => {
        changes += 1;
      }
    });
  });

  /** Returns the reason why the chart `h` cannot be shown. */
  const why = async (): Promise<string> => {
    store.get('h', true);
    await settle();
    const state = store.get('h', true);
    return state.kind === 'none' ? state.why : state.kind;
  };

  it('asks for a chart once and keeps it', async () => {
    expect(store.get('hash-service', true)).to.eql({ kind: 'loading' });
    store.get('hash-service', true);
    await settle();
    expect(store.get('hash-service', true)).to.eql({ kind: 'ready', layout: CHART });
    expect(asked).to.eql(['/inspect/charts/hash-service']);
    expect(changes).to.equal(1);
  });

  it('has a chart that it prepared also when the server has gone since', async () => {
    store.prepare(['hash-service', 'hash-service']);
    await settle();
    answer = () => Promise.reject(new Error('away'));
    store.retry();
    expect(store.get('hash-service', true)).to.eql({ kind: 'ready', layout: CHART });
    expect(asked).to.have.length(1);
  });

  it('says in the words of the server why there is none', async () => {
    const problem = { title: 'the chart is too large to lay out', detail: 'it has 900 states' };
    answer = () => Promise.resolve({ code: 413, text: JSON.stringify(problem) });
    expect(await why()).to.equal('the chart is too large to lay out: it has 900 states.');
  });

  it('says so when the answer is no chart, or there is none', async () => {
    answer = () => Promise.resolve({ code: 200, text: '<html>' });
    expect(await why()).to.equal('The server answers 200.');
    store.retry();
    answer = () => Promise.reject(new Error('away'));
    expect(await why()).to.match(/^The server does not answer/);
  });

  it('asks again for what could not be had, when it is told to', async () => {
    answer = () => Promise.reject(new Error('away'));
    await why();
    answer = () => Promise.resolve({ code: 200, text: JSON.stringify(CHART) });
    store.retry();
    expect(await why()).to.equal('ready');
    store.retry();
    store.get('h', true);
    expect(asked).to.have.length(2);
  });

  it('asks nobody for the charts of a file', () => {
    const state = store.get('h', false);
    expect(state).to.eql({ kind: 'none', why: 'The recording has no chart of this machine.' });
    store.add([CHART]);
    expect(store.get(CHART.hash, false).kind).to.equal('ready');
    expect(asked).to.eql([]);
  });

  it('gathers the charts of a recording, without those that cannot be had', async () => {
    const layouts = await store.all([CHART.hash, 'h'], true);
    expect(layouts).to.eql([CHART, CHART]);
    answer = () => Promise.reject(new Error('away'));
    expect(await store.all(['other', CHART.hash], true)).to.eql([CHART]);
    expect(await store.all(['one', 'two'], false)).to.eql([]);
  });

  it('keeps so many, and forgets the oldest', () => {
    store.add(
      Array.from({ length: CHARTS_MAX + 1 }, (_, n) => ({ ...CHART, hash: `h${String(n)}` }))
    );
    expect(store.get('h0', false).kind).to.equal('none');
    expect(store.get(`h${String(CHARTS_MAX)}`, false).kind).to.equal('ready');
  });
});
