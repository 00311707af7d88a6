import { expect } from 'chai';
import { Listeners } from '../../actors/listeners.js';

describe('Listeners', () => {
  const start = () => {
    const faults: string[] = [];
    const told: string[] = [];
    const listeners = new Listeners<number>((reason) => faults.push(reason));
    const named = (name: string) => (event: number) => {
      told.push(`${name}${String(event)}`);
    };
    return { faults, told, listeners, named };
  };

  it('tells all in the order in which they came, until they have ended it', () => {
    const { listeners, told, named } = start();
    expect(listeners.isEmpty).to.equal(true);
    const end = listeners.listen(named('a'));
    listeners.listen(named('b'));
    listeners.tell(1);
    end();
    end();
    listeners.tell(2);
    expect(told).to.deep.equal(['a1', 'b1', 'b2']);
    expect(listeners.isEmpty).to.equal(false);
  });

  it('hands on what one throws, and tells the others all the same', () => {
    const { listeners, told, faults, named } = start();
    listeners.listen(() => {
      throw new Error('a fault');
    });
    listeners.listen(named('b'));
    listeners.tell(1);
    expect([told, faults]).to.deep.equal([['b1'], ['a fault']]);
  });

  it('is not disturbed by who comes or goes while an event is told', () => {
    const { listeners, told, named } = start();
    const end = listeners.listen(() => {
      end();
      listeners.listen(named('c'));
    });
    listeners.listen(named('b'));
    listeners.tell(1);
    expect(told).to.deep.equal(['b1']);
    listeners.tell(2);
    expect(told).to.deep.equal(['b1', 'b2', 'c2']);
  });
});
