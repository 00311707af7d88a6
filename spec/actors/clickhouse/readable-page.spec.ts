import { expect } from 'chai';
import {
  readablePage,
  SEARCH_LIMIT_MAX,
  SEARCH_QUERIES_MAX
} from '../../../actors/clickhouse/search.js';

/** A store with messages, one each millisecond and the newest first, of the given threads. */
function storeOf(threads: readonly string[]) {
  const asked: string[] = [];
  const rows = threads.map((thread, index) => {
    const at = threads.length - index;
    return {
      thread,
      epoch: 'e',
      offset: at,
      mid: `m${String(at)}`,
      user: 'u',
      at,
      kind: 'k',
      body: '1'
    };
  });
  return {
    asked,
    query: (sql: string) => {
      asked.push(sql);
      const before = Number(/at < (\d+)/.exec(sql)?.[1] ?? Infinity);
      const limit = Number(/LIMIT (\d+)/.exec(sql)?.[1]);
      return Promise.resolve(rows.filter(({ at }) => at < before).slice(0, limit));
    }
  };
}

const own = (threads: ReadonlySet<string>) =>
  Promise.resolve(new Set([...threads].filter((thread) => thread === 'own')));

async function page(threads: readonly string[], limit: number, before?: number) {
  const store = storeOf(threads);
  const found = await readablePage(store, { words: ['a'], limit, before }, own);
  return { ats: found?.messages.map(({ at }) => at), more: found?.more, next: found?.next, store };
}

const hidden = (count: number): string[] => Array.from({ length: count }, () => 'hidden');

describe('readablePage', () => {
  it('is the same whether others have messages that fit or not', async () => {
    for (const around of [[], hidden(1), hidden(SEARCH_LIMIT_MAX + 1)]) {
      const { ats, more, next } = await page([...around, 'own', ...around], 5);
      expect(ats).to.have.length(1);
      expect([more, next]).to.deep.equal([false, null]);
    }
  });

  it('has as many as were asked for, and says that there are more only when the user may read one of them', async () => {
    const threads = ['own', 'hidden', 'own', 'hidden', 'own'];
    expect(await page(threads, 2)).to.deep.include({ ats: [5, 3], more: true, next: null });
    expect(await page(threads, 3)).to.deep.include({ ats: [5, 3, 1], more: false, next: null });
    expect(await page(threads, 2, 3)).to.deep.include({ ats: [1], more: false, next: null });
  });

  it('looks through so many pages, and then says where to go on', async () => {
    const many = SEARCH_QUERIES_MAX * SEARCH_LIMIT_MAX;
    const { ats, more, next, store } = await page([...hidden(many), 'own', 'own'], 5);
    expect([ats, more, next]).to.deep.equal([[], true, 3]);
    expect(store.asked).to.have.length(SEARCH_QUERIES_MAX);
    const further = await page([...hidden(many), 'own', 'own'], 5, 3);
    expect(further.ats).to.deep.equal([2, 1]);
  });

  it('is not there when nobody knows now what the user may read', async () => {
    const filter = { words: ['a'], limit: 5 };
    expect(await readablePage(storeOf(['own']), filter, () => Promise.resolve(null))).to.equal(
      null
    );
  });
});
