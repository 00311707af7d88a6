import { expect } from 'chai';
import fc from 'fast-check';
import { Presence, PRESENCE_NAMES_MAX } from '../../../actors/threads/presence.js';

/** A presence of this many users, all of whom were told already. */
function crowd(size: number): Presence {
  const presence = new Presence();
  for (let n = 0; n < size; n += 1) presence.enter(`u${String(n)}`);
  presence.take();
  return presence;
}

describe('Presence', () => {
  it('tells who joined and who left since it was last told', () => {
    const presence = new Presence();
    expect(presence.enter('ada')).to.equal(true);
    presence.enter('bob');
    expect(presence.take()).to.deep.equal({
      join: ['ada', 'bob'],
      leave: [],
      count: 2,
      isLarge: false
    });
    presence.leave('ada');
    presence.enter('eve');
    expect(presence.take()).to.deep.equal({
      join: ['eve'],
      leave: ['ada'],
      count: 2,
      isLarge: false
    });
    expect(presence.take()).to.equal(null);
  });

  it('counts people, not connections', () => {
    const presence = new Presence();
    presence.enter('ada');
    expect(presence.enter('ada')).to.equal(false);
    presence.take();
    expect(presence.leave('ada')).to.equal(false);
    expect(presence.count).to.equal(1);
    expect(presence.leave('ada')).to.equal(true);
    expect(presence.count).to.equal(0);
  });

  it('has nothing to tell when a join and a leave cancel out', () => {
    const presence = crowd(1);
    presence.enter('ada');
    presence.leave('ada');
    presence.leave('u0');
    presence.enter('u0');
    expect(presence.take()).to.equal(null);
  });

  it('says no when somebody leaves who was not there', () => {
    const presence = crowd(1);
    expect(presence.leave('nobody')).to.equal(false);
    expect(presence.take()).to.equal(null);
    expect(presence.count).to.equal(1);
  });

  it('gives names up to its limit and a number alone above it', () => {
    const presence = crowd(PRESENCE_NAMES_MAX - 1);
    presence.enter('ada');
    expect(presence.names()).to.have.length(PRESENCE_NAMES_MAX);
    expect(presence.take()?.join).to.deep.equal(['ada']);
    presence.enter('bob');
    expect(presence.names()).to.deep.equal([]);
    expect(presence.take()).to.deep.equal({
      join: [],
      leave: [],
      count: PRESENCE_NAMES_MAX + 1,
      isLarge: true
    });
  });

  it('tells a number alone when a crowd leaves at once', () => {
    const presence = crowd(PRESENCE_NAMES_MAX + 50);
    for (let n = 0; n < 100; n += 1) presence.leave(`u${String(n)}`);
    expect(presence.take()).to.deep.equal({ join: [], leave: [], count: 150, isLarge: true });
  });

  it('leaves whoever follows its changes with the people who are there', () => {
    const step = fc.record({
      what: fc.constantFrom('enter', 'leave', 'take'),
      user: fc.constantFrom('ada', 'bob', 'eve')
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const presence = new Presence();
        const subscriptions = new Map<string, number>();
        const followed = new Set<string>();
        const take = () => {
          const change = presence.take();
          for (const user of change?.join ?? []) {
            expect(followed.has(user)).to.equal(false);
            followed.add(user);
          }
          for (const user of change?.leave ?? []) expect(followed.delete(user)).to.equal(true);
          expect([...followed].sort()).to.deep.equal([...presence.names()].sort());
          expect(change?.count ?? presence.count).to.equal(followed.size);
        };
        for (const { what, user } of steps) {
          const before = subscriptions.get(user) ?? 0;
          if (what === 'enter') {
            presence.enter(user);
            subscriptions.set(user, before + 1);
          } else if (what === 'leave') {
            presence.leave(user);
            subscriptions.set(user, Math.max(0, before - 1));
          } else take();
        }
        take();
        const there = [...subscriptions].filter(([, n]) => n > 0).map(([user]) => user);
        expect([...followed].sort()).to.deep.equal(there.sort());
      })
    );
  });
});
