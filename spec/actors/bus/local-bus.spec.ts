import { expect } from 'chai';
import { LocalBus } from '../../../actors/bus/local-bus.js';
import { describeBus, HeardNode } from './bus-contract.js';

describeBus('LocalBus', () => {
  const node = new HeardNode();
  const nodes = [{ node, bus: new LocalBus(node) }];
  return Promise.resolve({ nodes, settled: () => Promise.resolve() });
});

describe('LocalBus', () => {
  it('answers a fallback before it returns: there is nobody else to ask', () => {
    const node = new HeardNode();
    node.connections.set('ada', 1);
    let taken: number | null = null;
    new LocalBus(node).fallback('ada', 't', { offset: 1, frame: '' }, (count) => (taken = count));
    expect(taken).to.equal(1);
  });
});
