import { expect } from 'chai';
import { ByteBudget } from '../../../actors/memory/byte-budget.js';

describe('ByteBudget', () => {
  it('holds what fits, and refuses and counts what does not', () => {
    const budget = new ByteBudget(10);
    expect([budget.take(6), budget.take(5), budget.take(4)]).to.deep.equal([true, false, true]);
    expect([budget.heldBytes, budget.isFull, budget.refused]).to.deep.equal([10, true, 1]);
  });

  it('has room again for what was given back', () => {
    const budget = new ByteBudget(10);
    budget.take(10);
    budget.give(4);
    expect([budget.heldBytes, budget.isFull, budget.take(4)]).to.deep.equal([6, false, true]);
  });
});
