import { expect } from 'chai';
import {
  actorKey,
  actorOf,
  concerns,
  subjectHash,
  subjectOf,
  subjectOfHash,
  type Subject
} from '../../../../../client/pages/inspect/states/actor-key.js';
import { became, inState, left, met, timelineOf, unwatched } from '../recorded.js';

const nameOf = () => 'maker';

describe('actorKey', () => {
  it('is the name of an actor, and tells a keeper and a promise from others', () => {
    const named = { name: 'clickhouse', parentId: 'x:1' };
    expect(actorKey({ ...named, chart: 'clickhouse' }, nameOf)).to.equal('clickhouse');
    expect(actorKey({ ...named, chart: 'keeper' }, nameOf)).to.equal('clickhouse/keeper');
    expect(actorKey({ ...named, chart: null }, nameOf)).to.equal('maker/clickhouse');
  });
});

describe('actorOf', () => {
  it('finds the actor that has the name now, after one that had it has ended', () => {
    const [first, second] = ['x:1', 'x:2'].map((sessionId) => ({ sessionId, name: 'sink' }));
    const ended = became(2, first!, inState('up', { status: 'error', error: 'lost' }));
    const { now } = timelineOf([met(1, first!), ended, met(3, second!)]);
    expect(actorOf(now, { kind: 'actor', key: 'sink' })?.sessionId).to.equal('x:2');
    expect(actorOf(now, { kind: 'actor', key: 'other' })).to.equal(null);
  });

  it('takes no thread for an actor of the tree', () => {
    const thread = { sessionId: 'x:1', name: 'sink', chart: 'delivery', thread: 'sink' };
    const { now } = timelineOf([met(1, thread)]);
    expect(actorOf(now, { kind: 'actor', key: 'sink' })).to.equal(null);
    const found = actorOf(now, { kind: 'thread', thread: 'sink' });
    expect(found?.sessionId).to.equal('x:1');
    expect(subjectOf(found!, now)).to.eql({ kind: 'thread', thread: 'sink' });
  });
});

describe('concerns', () => {
  const thread = { kind: 'thread', thread: 't' } as const;
  const names = (sessionId: string) => (sessionId === 'x:3' ? 'delivery:t' : 'other');

  it('takes what is about a subject, and when nothing was recorded of it', () => {
    const who = { sessionId: 'x:3', chart: 'delivery', thread: 't' };
    expect(concerns(met(1, who), thread, names)).to.equal(true);
    expect(concerns(met(1, { ...who, thread: 'u' }), thread, names)).to.equal(false);
    expect(concerns(unwatched(1, 5), thread, names)).to.equal(true);
    expect(concerns(left(1, 'x:1', 'x:3'), thread, names)).to.equal(true);
    expect(concerns(left(1, 'x:1'), thread, names)).to.equal(false);
    expect(concerns(left(1, 'x:3'), { kind: 'actor', key: 'delivery:t' }, names)).to.equal(false);
  });
});

describe('subjectOfHash', () => {
  it('reads what subjectHash has written, whatever is in a name', () => {
    const subjects: Subject[] = [
      { kind: 'actor', key: 'root' },
      { kind: 'actor', key: 'clickhouse/keeper' },
      { kind: 'thread', thread: 'a b/ü#?%' }
    ];
    expect(subjects.map((one) => subjectOfHash(subjectHash(one)))).to.eql(subjects);
  });

  it('reads nothing from anything else', () => {
    for (const hash of ['', '#', '#/t/lobby', '#/thread/', '#/thread/%zz']) {
      expect(subjectOfHash(hash), hash).to.equal(null);
    }
  });
});
