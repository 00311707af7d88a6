import { expect } from 'chai';
import fc from 'fast-check';
import { DELIVERY_OUTCOMES } from '../../../machines/delivery/delivery-outcome.js';
import { STEPS, type Fact } from '../../../actors/facts/fact.js';
import {
  decodeFacts,
  factCount,
  factId,
  FACTS_A_ROW,
  factRow,
  factText,
  lastAt,
  mayName
} from '../../../actors/facts/fact-row.js';

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

const step: Fact = {
  kind: 'step',
  step: 'read',
  thread: 't1',
  epoch: 'e1',
  user: 'ada',
  connection: 'c1',
  from: 1,
  upTo: 2,
  since: 5,
  at: 5
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
        kind: fc.constant('delivery' as const),
        thread: text,
        epoch: fc.constantFrom('e1', 'e2'),
        offset: count,
        messages: fc.constantFrom(1, 1, 2),
        outcome: fc.constantFrom('delivered' as const, ...DELIVERY_OUTCOMES),
        subscribers: count,
        at: count,
        tookMs: count,
        appendedMs: count
      }),
      fc.record({
        kind: fc.constant('step' as const),
        step: fc.constantFrom(...STEPS),
        thread: text,
        epoch: text,
        user: text,
        connection: text,
        from: count,
        upTo: count,
        since: count,
        at: count
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
        const text = factRow(
          row.map((fact) => factText(fact, 'e1')),
          'e1'
        );
        expect(decodeFacts(text)).to.deep.equal(JSON.parse(JSON.stringify(row)));
        expect(factCount(text)).to.equal(row.length);
        if (row.length > 0) expect(lastAt(text)).to.equal(row.at(-1)?.at);
        for (const fact of row) {
          if ('thread' in fact) expect(mayName(text, fact.thread)).to.equal(true);
        }
        // As older versions wrote it.
        const old = JSON.stringify(row);
        expect(decodeFacts(old)).to.deep.equal(JSON.parse(old));
        expect(factCount(old)).to.equal(row.length);
      })
    );
  });

  it('answers null for what is no fact and keeps the place of the others', () => {
    const others = [
      { ...delivery, kind: 'x' },
      { ...delivery, outcome: 'x' },
      { ...delivery, at: '5' },
      { ...delivery, appendedMs: '5' },
      { ...step, step: 'x' },
      { ...step, upTo: null },
      7,
      null
    ];
    const row = factRow(
      [...others, delivery, step].map((fact) => JSON.stringify(fact)),
      'e1'
    );
    expect(decodeFacts(row)).to.deep.equal([...others.map(() => null), delivery, step]);
  });

  it('reads deliveries of versions that did not measure how long the log took, and of those that do', () => {
    const row = [delivery, { ...delivery, appendedMs: 0.25 }];
    expect(decodeFacts(JSON.stringify(row))).to.deep.equal(row);
  });

  it('writes the ordinary delivery short, and every other one whole', () => {
    const ordinary: Fact = { ...delivery, appendedMs: 0.25, tookMs: 1.23456 };
    expect(factText(ordinary, 'e1')).to.equal('["t1",1,2,5,1.235,0.25]');
    expect(decodeFacts(factRow([factText(ordinary, 'e1')], 'e1'))).to.deep.equal([
      { ...ordinary, tookMs: 1.235 }
    ]);
    for (const other of [
      delivery,
      { ...ordinary, messages: 2 },
      { ...ordinary, outcome: 'held' } as const,
      { ...ordinary, epoch: 'e0' }
    ]) {
      expect(factText(other, 'e1')).to.equal(JSON.stringify(other));
    }
  });

  it('answers null for values that are no delivery', () => {
    for (const values of [[], ['t1', 1, 2, 5, 1], [7, 1, 2, 5, 1, 1], ['t1', 1, 2, '5', 1, 1]]) {
      const row = factRow([JSON.stringify(values), JSON.stringify(delivery)], 'e1');
      expect(decodeFacts(row)).to.deep.equal([null, delivery]);
    }
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
