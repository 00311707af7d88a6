import { expect } from 'chai';
import fc from 'fast-check';
import { storedMessage } from '../../client/outbox-storage.js';

describe('storedMessage', () => {
  const message = fc.record(
    {
      thread: fc.string(),
      mid: fc.string(),
      at: fc.integer(),
      kind: fc.string(),
      expect: fc.constantFrom('delivered' as const, 'stored' as const),
      body: fc.jsonValue()
    },
    { requiredKeys: ['thread', 'mid', 'at', 'body'] }
  );

  it('reads what was written', () => {
    fc.assert(
      fc.property(message, (one) => {
        const text = JSON.stringify(one);
        expect(storedMessage(text)).to.eql(JSON.parse(text));
      })
    );
  });

  it('answers null and never throws when the text is damaged', () => {
    fc.assert(
      fc.property(message, fc.nat(), (one, at) => {
        const text = JSON.stringify(one);
        expect(storedMessage(text.slice(0, at % text.length))).to.equal(null);
      })
    );
  });

  for (const text of [
    null,
    'null',
    '[]',
    '{"thread":1,"mid":"m","at":1,"body":1}',
    '{"thread":"t","mid":"m","at":"1","body":1}',
    '{"thread":"t","mid":"m","at":1}',
    '{"thread":"t","mid":"m","at":1,"body":1,"kind":2}',
    '{"thread":"t","mid":"m","at":1,"body":1,"expect":"maybe"}'
  ]) {
    it(`answers null when it reads ${String(text)}`, () => {
      expect(storedMessage(text)).to.equal(null);
    });
  }
});
