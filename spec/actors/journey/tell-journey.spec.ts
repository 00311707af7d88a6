import { expect } from 'chai';
import type { JourneyMessage, JourneyNow } from '../../../actors/journey/journey.js';
import type { KnownFacts } from '../../../actors/journey/known-facts.js';
import { STEPS_OF_A_KIND_MAX, tellJourney } from '../../../actors/journey/tell-journey.js';
import type { DeliveryFact, StepFact } from '../../../actors/facts/fact.js';
import { delivered, FED_AT, stepped } from '../log/memory-feed.js';

const MESSAGE: JourneyMessage = {
  thread: 't1',
  epoch: 'e1',
  offset: 5,
  user: 'ada',
  kind: 'user_message',
  at: FED_AT,
  sizeBytes: 2,
  isKept: true
};
const NOW: JourneyNow = {
  isTestThread: false,
  subscribers: 0,
  held: null,
  behind: [],
  behindMore: 0,
  readers: [],
  durable: 'disk'
};
const TAKEN = ['received', 'validated', 'appended', 'acked'];

const outcome = (
  name: DeliveryFact['outcome'],
  afterMs: number,
  more: Partial<DeliveryFact> = {}
) =>
  delivered('t1', 5, {
    outcome: name,
    at: FED_AT + afterMs,
    tookMs: afterMs,
    ...more
  }) as DeliveryFact;
const direct = (name: DeliveryFact['outcome']) => outcome(name, 3, { appendedMs: 2.5 });

interface Given {
  readonly deliveries?: readonly DeliveryFact[];
  readonly steps?: readonly StepFact[];
  readonly gaps?: readonly string[];
  readonly now?: Partial<JourneyNow>;
  readonly message?: Partial<JourneyMessage>;
  readonly isKept?: boolean;
  readonly ttlDays?: number;
}

function tell({
  deliveries = [],
  steps = [],
  gaps = [],
  now,
  message,
  isKept = true,
  ttlDays
}: Given) {
  const known: KnownFacts = {
    deliveries: deliveries.map((fact) => ({ fact, source: 'clickhouse' })),
    steps: steps.map((fact) => ({ fact, source: 'log' })),
    gaps
  };
  const journey = tellJourney({ ...MESSAGE, ...message }, { ...NOW, ...now }, known, {
    isKept,
    ttlDays
  });
  return {
    ...journey,
    names: journey.steps.map(({ step }) => step),
    step: (name: string) =>
      journey.steps.find(({ step }) => step === name) ?? expect.fail(`there is no step ${name}`)
  };
}

const held = (state: 'waiting' | 'undelivered', from = 5): JourneyNow['held'] => ({
  from,
  since: FED_AT + 3,
  state,
  dueAt: FED_AT + 10_003,
  source: 'now'
});

describe('tellJourney', () => {
  const ends: [DeliveryFact['outcome'], string][] = [
    ['delivered', 'fanned_out'],
    ['stored', 'stored'],
    ['delivered_to_user', 'delivered_to_user']
  ];
  for (const [name, step] of ends) {
    it(`tells of a message that was ${name} at once, and has nothing more to say`, () => {
      const journey = tell({ deliveries: [direct(name)] });
      expect(journey).to.deep.include({ status: name, complete: true, notes: [] });
      expect(journey.names).to.deep.equal([...TAKEN, step]);
      expect(journey.step('appended')).to.deep.equal({
        step: 'appended',
        at: FED_AT + 2,
        afterMs: 2.5,
        source: 'clickhouse',
        offset: 5,
        durable: 'disk'
      });
      expect(journey.step('acked')).to.include({ at: FED_AT + 2, afterMs: 2.5 });
      expect(journey.step(step)).to.include({ at: FED_AT + 3, afterMs: 3 });
    });
  }

  it('tells of a held message when it will be reported', () => {
    const journey = tell({ deliveries: [direct('held')], now: { held: held('waiting') } });
    expect(journey).to.include({ status: 'held', complete: false });
    expect(journey.step('held')).to.include({ dueAt: FED_AT + 10_003 });
  });

  it('gives the ack of the first that is held the time that it had, and none when that is not known', () => {
    const now = { held: held('waiting') };
    const ack = stepped('t1', 'acked', 5, 5, { user: 'ada', at: FED_AT + 9 });
    expect(tell({ deliveries: [direct('held')], steps: [ack], now }).step('acked')).to.deep.equal({
      step: 'acked',
      at: FED_AT + 9,
      afterMs: 9,
      source: 'log'
    });
    const lost = tell({ deliveries: [direct('held')], now });
    expect(lost.step('acked').at).to.equal(null);
    expect(lost.notes.join()).to.match(/when it was acknowledged is not known/);
    const second = tell({ deliveries: [direct('held')], now: { held: held('waiting', 4) } });
    expect(second.step('acked').afterMs, 'the second did not wait').to.equal(2.5);
  });

  it('tells of a message that was held, reported and given out with others, though told of the first', () => {
    const shared = { offset: 3, messages: 3 };
    const deliveries = [
      direct('held'),
      outcome('undelivered', 10_000, shared),
      outcome('delivered', 60_000, { ...shared, subscribers: 1 })
    ];
    const journey = tell({ deliveries });
    expect(journey).to.deep.include({ status: 'delivered_late', complete: true, notes: [] });
    expect(journey.names).to.deep.equal([...TAKEN, 'held', 'undelivered', 'delivered_late']);
    expect(journey.step('undelivered')).to.include({ afterMs: 10_000, messages: 3 });
    expect(journey.step('delivered_late')).to.include({ afterMs: 60_000, subscribers: 1 });
  });

  it('tells of a message that its author has left held, though others were taken meanwhile', () => {
    const deliveries = [
      direct('held'),
      outcome('delivered', 9, { offset: 3, messages: 2, subscribers: 1 })
    ];
    const left = tell({ deliveries, now: { held: held('waiting', 5) } });
    expect(left).to.include({ status: 'held', complete: false });
    const later = tell({ deliveries, now: { held: held('waiting', 6) } });
    expect(later).to.include({ status: 'delivered_late' });
  });

  it('knows that a later flush of earlier messages is not its own', () => {
    const deliveries = [direct('delivered'), outcome('delivered', 9, { offset: 2, messages: 2 })];
    expect(tell({ deliveries }).names).to.deep.equal([...TAKEN, 'fanned_out']);
  });

  it('tells of what came while the thread was reported already', () => {
    const now = { held: held('undelivered', 2) };
    const journey = tell({ deliveries: [direct('undelivered')], now });
    expect(journey).to.include({ status: 'undelivered', complete: false });
    expect(journey.names).to.deep.equal([...TAKEN, 'undelivered']);
  });

  it('invents no time for what must have happened', () => {
    const flushed = tell({ deliveries: [direct('held')] });
    expect(flushed.status).to.equal('delivered_late');
    expect(flushed.step('delivered_late')).to.include({ at: null, afterMs: null });
    expect(flushed.notes.join()).to.match(/somebody has been given it since/);
    const reported = tell({ deliveries: [direct('held')], now: { held: held('undelivered') } });
    expect(reported.status).to.equal('undelivered');
    expect(reported.names.at(-1)).to.equal('undelivered');
    expect(reported.step('undelivered').at).to.equal(null);
    const old = tell({ deliveries: [outcome('delivered', 3)] });
    expect(old.step('appended')).to.include({ at: null, offset: 5 });
    expect(old.notes).to.deep.equal(['how long the log took to store it is not known']);
  });

  it('goes by the marks of the log when nothing is recorded, and says so', () => {
    const waits = tell({ now: { held: held('waiting') }, isKept: false });
    expect(waits).to.include({ status: 'held', complete: false });
    expect(waits.step('held').at).to.equal(FED_AT + 3);
    const lost = tell({ now: { held: held('undelivered') } });
    expect(lost.names.slice(-2)).to.deep.equal(['held', 'undelivered']);
    const among = tell({ now: { held: held('waiting', 3) } });
    expect(among.status).to.equal('unknown');
    expect(among.notes.join()).to.match(/holds messages from offset 3 on/);
  });

  const reasons: [string, Given, RegExp][] = [
    ['ClickHouse is off', { isKept: false }, /CLICKHOUSE_URL=off/],
    ['rows are deleted after a time', { ttlDays: 30 }, /more than 30 days.*CLICKHOUSE_TTL_DAYS/],
    ['nothing explains it', {}, /killed within a quarter of a second/],
    ['it is in a test thread', { now: { isTestThread: true } }, /^this is a test thread/]
  ];
  for (const [why, given, note] of reasons) {
    it(`says that it does not know what became of it when ${why}`, () => {
      const journey = tell({ ...given, gaps: ['a gap'] });
      expect(journey).to.include({ status: 'unknown', complete: true });
      expect(journey.names).to.deep.equal(TAKEN);
      expect(journey.notes[0]).to.match(note);
      expect(journey.notes).to.include('a gap');
    });
  }

  it('tells of each reader the first time, and of those without a name by their connection', () => {
    const journey = tell({
      deliveries: [direct('delivered')],
      steps: [
        stepped('t1', 'lagged', 2, 9, { user: 'bob', since: FED_AT, at: FED_AT + 20 }),
        stepped('t1', 'replayed', 1, 5, { user: '', connection: 'e1', at: FED_AT + 30 }),
        stepped('t1', 'replayed', 1, 5, { user: '', connection: 'e2', at: FED_AT + 40 }),
        stepped('t1', 'read', 5, 5, { user: 'bob', at: FED_AT + 50 }),
        stepped('t1', 'read', 4, 6, { user: 'bob', at: FED_AT + 60 })
      ],
      now: { readers: ['bob', 'carol'] }
    });
    expect(journey.names.slice(5)).to.deep.equal([
      'lagged',
      'replayed',
      'replayed',
      'read',
      'read'
    ]);
    expect(journey.step('lagged')).to.deep.include({ from: 2, upTo: 9, since: FED_AT });
    expect(journey.step('read'))
      .to.include({ user: 'bob', afterMs: 50 })
      .and.not.to.have.property('from');
    expect(journey.steps.at(-1)).to.include({ user: 'carol', at: null, source: 'log' });
  });

  it('is not complete while somebody is behind', () => {
    const reader = {
      user: 'bob',
      connection: 'c1',
      cursor: 2,
      why: 'lagging',
      since: FED_AT
    } as const;
    const journey = tell({
      deliveries: [direct('delivered')],
      now: { behind: [reader], behindMore: 4 }
    });
    expect(journey.complete).to.equal(false);
    expect(journey.steps.at(-1)).to.deep.equal({
      step: 'lagging',
      at: null,
      afterMs: null,
      source: 'now',
      user: 'bob',
      connection: 'c1',
      cursor: 2,
      since: FED_AT
    });
    expect(journey.notes).to.deep.equal(['4 more connections are behind it and not listed']);
  });

  it('lists a bounded number of readers and counts the rest', () => {
    const steps = Array.from({ length: STEPS_OF_A_KIND_MAX + 3 }, (_, n) =>
      stepped('t1', 'read', 5, 5, { user: `u${String(n)}` })
    );
    const journey = tell({ deliveries: [direct('delivered')], steps });
    expect(journey.names.filter((name) => name === 'read')).to.have.length(STEPS_OF_A_KIND_MAX);
    expect(journey.notes).to.deep.equal(['3 more steps of the kind read are not listed']);
  });

  it('says of a trimmed message where it is told from', () => {
    const journey = tell({ deliveries: [direct('delivered')], message: { isKept: false } });
    expect(journey.step('received').source).to.equal('clickhouse');
    expect(journey.notes[0]).to.match(/the log has trimmed this message/);
  });
});
