import { expect } from 'chai';
import fc from 'fast-check';
import { DELIVERY_OUTCOMES } from '../../../machines/delivery-outcome.js';
import type { Fact } from '../../../actors/log/fact.js';
import { decodeFacts, factId, FACTS_A_ROW, factRow } from '../../../actors/log/fact-row.js';

const delivery: Fact = {
  kind: 'delivery',
  thread: 't1',
  epoch: 'e1',
  offset: 1,
  messages: 1,
  outcome: 'delivered',
  subscribers: 2,
  at: 5,
  tookMs: 0.5
};

describe('decodeFacts', () => {
  it('reads back whatever was written', () => {
    const text = fc.string({ unit: 'binary' });
    const count = fc.nat();
    const facts = fc.oneof(
      fc.record({
        kind: fc.constant('delivery' as const),
        thread: text,
        epoch: text,
        offset: count,
        messages: count,
        outcome: fc.constantFrom(...DELIVERY_OUTCOMES),
        subscribers: count,
        at: count,
        tookMs: count
      }),
      fc.record({
        kind: fc.constant('transition' as const),
        chart: text,
        actor: text,
        from: text,
        to: text,
        event: text,
        at: count,
        spentMs: count
      })
    );
    fc.assert(
      fc.property(fc.array(facts, { maxLength: 9 }), (row) => {
        const read = decodeFacts(factRow(row.map((fact) => JSON.stringify(fact))));
        expect(read).to.deep.equal(JSON.parse(JSON.stringify(row)));
      })
    );
  });

  it('answers null for what is no fact and keeps the place of the others', () => {
    const others = [
      { ...delivery, kind: 'x' },
      { ...delivery, outcome: 'x' },
      { ...delivery, at: '5' },
      7,
      null
    ];
    const row = factRow([...others, delivery].map((fact) => JSON.stringify(fact)));
    expect(decodeFacts(row)).to.deep.equal([null, null, null, null, null, delivery]);
  });

  it('answers null when the text is no row', () => {
    expect(['', '{}', '[1', '7'].map(decodeFacts)).to.deep.equal([null, null, null, null]);
  });
});

describe('factId', () => {
  it('is another one for every place of every row', () => {
    expect(factId(1, FACTS_A_ROW - 1)).to.be.lessThan(factId(2, 0));
  });
});
