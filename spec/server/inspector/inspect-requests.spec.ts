import { expect } from 'chai';
import { INSPECT_PAGE_MAX, WATCHED_THREADS_MAX } from '../../../protocol/inspection.js';
import { decodeRequest } from '../../../server/inspector/inspect-requests.js';

const watch = { type: 'inspect.watch', id: 1, threads: ['lobby'], everything: false };
const search = {
  type: 'inspect.threads',
  id: 2,
  search: '',
  state: null,
  connection: null,
  after: null,
  limit: 10
};

describe('decodeRequest', () => {
  it('takes every request of the protocol', () => {
    const requests = [
      watch,
      search,
      { type: 'inspect.connections', id: 3, search: 'ada', after: 'c1', limit: 1 },
      { type: 'inspect.record', id: 4, on: true },
      {
        type: 'inspect.send',
        id: 5,
        sessionId: 'x:1',
        event: { type: 'go', more: [1, { a: null }] }
      }
    ];
    for (const request of requests) {
      expect(decodeRequest(JSON.stringify(request))).to.deep.equal({ ok: true, request });
    }
  });

  it('says what it does not take, with the id where there is one', () => {
    const refused: [string | null, number | null, string][] = [
      [null, null, 'not binary'],
      ['{', null, 'not JSON'],
      ['7', null, 'any request'],
      ['{"type":"inspect.fly","id":9}', 9, 'inspect.fly'],
      [JSON.stringify({ ...watch, id: 'x' }), null, 'inspect.watch'],
      [JSON.stringify({ ...watch, threads: Array(WATCHED_THREADS_MAX + 1).fill('t') }), 1, 'watch'],
      [JSON.stringify({ ...search, limit: INSPECT_PAGE_MAX + 1 }), 2, 'inspect.threads'],
      [JSON.stringify({ ...search, state: 'asleep' }), 2, 'inspect.threads'],
      ['{"type":"inspect.send","id":3,"sessionId":"x:1","event":{"type":""}}', 3, 'inspect.send']
    ];
    for (const [text, id, words] of refused) {
      const decoded = decodeRequest(text);
      expect(decoded).to.include({ ok: false, id });
      expect(decoded.ok ? '' : decoded.message, String(text)).to.include(words);
    }
  });
});
