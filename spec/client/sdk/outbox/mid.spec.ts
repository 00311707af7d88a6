import { expect } from 'chai';
import { newMid } from '../../../../client/sdk/outbox/mid.js';

describe('newMid', () => {
  it('makes a UUID of version 7 that carries its time', () => {
    const mid = newMid(1_767_225_600_000);
    expect(mid).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(parseInt(mid.slice(0, 13).replace('-', ''), 16)).to.equal(1_767_225_600_000);
  });

  it('makes another one each time', () => {
    expect(new Set(Array.from({ length: 1_000 }, () => newMid(0))).size).to.equal(1_000);
  });
});
