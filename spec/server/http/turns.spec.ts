import { expect } from 'chai';
import { BusyError, Turns } from '../../../server/http/turns.js';

const busy = 'ask again later';

/** Works that end when the spec says so, and the names of those that have begun. */
function works() {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const work = (name: string) => (): Promise<string> => {
    begun.push(name);
    return new Promise((resolve) => {
      ends.set(name, () => {
        resolve(name);
      });
    });
  };
  return { begun, work, end: (name: string) => ends.get(name)?.() };
}

describe('Turns', () => {
  it('runs so many at once, and the others in the order in which they came', async () => {
    const { begun, work, end } = works();
    const turns = new Turns({ running: 2, waiting: 2, busy });
    const results = ['a', 'b', 'c', 'd'].map((name) => turns.take(work(name)));
    expect(begun).to.deep.equal(['a', 'b']);
    end('b');
    await results[1];
    expect(begun).to.deep.equal(['a', 'b', 'c']);
    end('a');
    await results[0];
    end('c');
    end('d');
    expect(await Promise.all(results)).to.deep.equal(['a', 'b', 'c', 'd']);
  });

  it('refuses when the queue is full, and takes again when a work has ended', async () => {
    const { begun, work, end } = works();
    const turns = new Turns({ running: 1, waiting: 0, busy });
    const first = turns.take(work('a'));
    const refused = await turns.take(work('b')).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(BusyError).and.to.have.property('message', busy);
    end('a');
    await first;
    void turns.take(work('c'));
    expect(begun).to.deep.equal(['a', 'c']);
  });

  it('gives the place on when a work fails', async () => {
    const { begun, work } = works();
    const turns = new Turns({ running: 1, waiting: 1, busy });
    const failing = turns.take(() => Promise.reject(new Error('fault')));
    void turns.take(work('a'));
    expect(await failing.catch(String)).to.equal('Error: fault');
    expect(begun).to.deep.equal(['a']);
  });
});
