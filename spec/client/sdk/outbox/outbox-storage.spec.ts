import { expect } from 'chai';
import fc from 'fast-check';
import { storedMessage, webOutboxStorage } from '../../../../client/sdk/outbox/outbox-storage.js';
import { webStorage } from '../web-storage.js';

describe('storedMessage', () => {
  const message = fc.record(
    {
      thread: fc.string(),
      mid: fc.string(),
      at: fc.integer(),
      kind: fc.string(),
      expect: fc.constantFrom('delivered' as const, 'stored' as const),
      agent: fc.string(),
      whileRunning: fc.constantFrom('enqueue' as const, 'steer' as const),
      regenerates: fc.string(),
      edits: fc.string(),
      body: fc.jsonValue()
    },
    { requiredKeys: ['thread', 'mid', 'at', 'body'] }
  );

  it('reads what was written', () => {
    fc.assert(
      fc.property(message, (one) => {
        const written: unknown = JSON.parse(JSON.stringify(one));
        expect(storedMessage(written)).to.eql(written);
      })
    );
  });

  it('answers null or a message, and never throws, whatever is there', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(storedMessage(value)).to.satisfy(
          (one: unknown) => one === null || one === value || typeof one === 'object'
        );
      })
    );
  });

  const whole = { thread: 't', mid: 'm', at: 1, body: 1 };
  for (const value of [
    null,
    [],
    'text',
    { ...whole, thread: 1 },
    { ...whole, at: '1' },
    { ...whole, at: Infinity },
    { ...whole, body: undefined },
    { ...whole, kind: 2 },
    { ...whole, expect: 'maybe' },
    { ...whole, agent: 1 },
    { ...whole, whileRunning: 'later' },
    { ...whole, edits: null }
  ]) {
    it(`answers null when it reads ${JSON.stringify(value)}`, () => {
      expect(storedMessage(value)).to.equal(null);
    });
  }
});

describe('webOutboxStorage', () => {
  const one = { thread: 't1', mid: 'm1', at: 1, body: 'x' };

  it('keeps the messages of one name from those of another, whatever the names are', async () => {
    const web = webStorage();
    await webOutboxStorage(web, 'team:bob').put(one);
    await webOutboxStorage(web, 'team bob').put(one);
    expect(webOutboxStorage(web, 'team').load()).to.eql([]);
    expect(webOutboxStorage(web, 'team:bob').load()).to.eql([one]);
    expect(web.items.size).to.equal(2);
  });

  it('keeps two messages with one id in two threads apart', async () => {
    const storage = webOutboxStorage(webStorage(), 'ada');
    await storage.put(one);
    await storage.put({ ...one, thread: 't2' });
    await storage.remove('t1', 'm1');
    expect(storage.load()).to.eql([{ ...one, thread: 't2' }]);
  });

  it('removes what is damaged', () => {
    const web = webStorage();
    web.setItem('ada:t1 m1', '{"thread":');
    web.setItem('other', 'not its own');
    expect(webOutboxStorage(web, 'ada').load()).to.eql([]);
    expect([...web.items.keys()]).to.eql(['other']);
  });
});
