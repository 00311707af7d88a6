import { expect } from 'chai';
import { Grouped } from '../../../../server/chat/work/grouped.js';

describe('Grouped', () => {
  const [a, b, c] = [{ id: 'a' }, { id: 'b' }, { id: 'c' }];

  it('has the members of each group in the order in which they came', () => {
    const grouped = new Grouped<object>();
    grouped.add('one', a);
    grouped.add('two', b);
    grouped.add('one', c);
    grouped.add('one', a);
    expect([...grouped.of('one')]).to.deep.equal([a, c]);
    expect([...grouped.of('two')]).to.deep.equal([b]);
    expect([...grouped.of('none')]).to.deep.equal([]);
    expect(['one', 'two', 'none'].map((name) => grouped.size(name))).to.deep.equal([2, 1, 0]);
  });

  it('adds a member only once, also when it is alone', () => {
    const grouped = new Grouped<object>();
    grouped.add('one', a);
    grouped.add('one', a);
    expect(grouped.size('one')).to.equal(1);
  });

  it('removes members down to none, and only its own', () => {
    const grouped = new Grouped<object>();
    grouped.add('one', a);
    grouped.delete('one', b);
    expect(grouped.size('one')).to.equal(1);
    grouped.add('one', b);
    grouped.delete('one', a);
    expect([...grouped.of('one')]).to.deep.equal([b]);
    grouped.delete('one', b);
    grouped.delete('one', b);
    expect(grouped.size('one')).to.equal(0);
    grouped.add('one', c);
    expect([...grouped.of('one')]).to.deep.equal([c]);
  });
});
