import { expect } from 'chai';
import { isTooDeep } from '../../../server/chat/publisher.js';

describe('isTooDeep', () => {
  it('does not run out of stack, however deep a body is', () => {
    const deep: unknown = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);
    expect(isTooDeep(deep)).to.equal(true);
  });

  it('counts objects as it counts arrays, and the deepest branch', () => {
    expect(isTooDeep({ a: [1, { b: 2 }] }, 3)).to.equal(false);
    expect(isTooDeep({ a: [1, { b: 2 }] }, 2)).to.equal(true);
    expect(isTooDeep('text', 0)).to.equal(false);
  });
});
