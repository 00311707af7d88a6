import { expect } from 'chai';
import { TURN_POINTS, TurnBudget } from '../../../../server/chat/work/turn-budget.js';
import { settle } from '../../../virtual-clock.js';

describe('TurnBudget', () => {
  const waiting: (() => void)[] = [];
  const spentOf: number[] = [];
  let turn: TurnBudget;
  const nextTurn = (): void => {
    for (const work of waiting.splice(0)) work();
  };

  beforeEach(() => {
    waiting.length = 0;
    spentOf.length = 0;
    turn = new TurnBudget(
      (work) => waiting.push(work),
      (points) => spentOf.push(points)
    );
  });

  it('is spent at its points, and has them again in the next turn', () => {
    turn.spend(TURN_POINTS - 1);
    expect(turn.isSpent).to.equal(false);
    turn.spend(1);
    expect(turn.isSpent).to.equal(true);
    nextTurn();
    expect([turn.isSpent, spentOf]).to.eql([false, [TURN_POINTS]]);
    expect(waiting).to.eql([]);
  });

  it('lets another one be the first in each turn', () => {
    const firsts: string[] = [];
    const work = (name: string) => (): void => {
      if (!turn.isSpent) {
        firsts.push(name);
        turn.spend(TURN_POINTS);
      }
      turn.next(work(name));
    };
    turn.next(work('inbox'));
    turn.next(work('replay'));
    for (let n = 0; n < 6; n++) nextTurn();
    expect(new Set(firsts)).to.eql(new Set(['inbox', 'replay']));
  });

  it('gives room to those who wait for it, in order, one a turn', async () => {
    turn.spend(TURN_POINTS);
    const got: number[] = [];
    for (let n = 0; n < 3; n++) {
      void turn.room(TURN_POINTS / 2).then(() => {
        got.push(n);
        turn.spend(TURN_POINTS / 2);
      });
    }
    await settle();
    expect(got).to.eql([]);
    nextTurn();
    await settle();
    expect(got).to.eql([0]);
    nextTurn();
    await settle();
    nextTurn();
    await settle();
    expect(got).to.eql([0, 1, 2]);
  });

  it('gives room to all small ones at once that fit into half of a turn', async () => {
    turn.spend(TURN_POINTS);
    let got = 0;
    for (let n = 0; n < TURN_POINTS; n++) void turn.room(2).then(() => got++);
    nextTurn();
    await settle();
    expect(got).to.equal(TURN_POINTS / 4);
    nextTurn();
    await settle();
    expect(got).to.equal(TURN_POINTS / 2);
  });

  it('keeps half of a turn for those who wait for room', async () => {
    turn.spend(TURN_POINTS);
    let hasRoom = false;
    void turn.room(1).then(() => {
      hasRoom = true;
    });
    turn.next(() => {
      while (!turn.isSpent) turn.spend(1);
    });
    nextTurn();
    await settle();
    expect(hasRoom).to.equal(true);
  });
});
