import { expect } from 'chai';
import fc from 'fast-check';
import { tokenless } from '../../../server/access/identity.js';
import {
  askerOf,
  BusyError,
  Turns,
  type Asker,
  type TurnsOptions
} from '../../../server/http/turns.js';
import { settle } from '../../virtual-clock.js';

const OPTIONS: TurnsOptions = {
  works: 'searches',
  running: 4,
  runningEach: () => 2,
  reserved: 1,
  waiting: 6,
  waitingEach: 3,
  limited: () => undefined
};

const user = (name: string): Asker => ({ kind: 'user', name });
const OPERATOR: Asker = { kind: 'backend', name: '192.0.2.1' };

/** Turns whose work ends when the spec calls `end`. */
function start(options: Partial<TurnsOptions> = {}) {
  const turns = new Turns({ ...OPTIONS, ...options });
  const begun: string[] = [];
  const ends = new Map<string, (failure?: Error) => void>();
  const refused: string[] = [];
  return {
    turns,
    begun,
    refused,
    ask: (asker: Asker, name: string): void => {
      const work = (): Promise<void> => {
        begun.push(name);
        return new Promise((resolve, reject) => {
          ends.set(name, (failure) => {
            if (failure === undefined) resolve();
            else reject(failure);
          });
        });
      };
      turns.take(asker, work).catch((error: unknown) => {
        if (error instanceof BusyError) refused.push(`${name}${error.isOwn ? ' (own)' : ''}`);
      });
    },
    end: async (name: string, failure?: Error): Promise<void> => {
      ends.get(name)?.(failure);
      await settle();
    }
  };
}

describe('Turns', () => {
  it('runs so many of one caller at once, and the others in the order in which they came', async () => {
    const { begun, ask, end } = start();
    for (const name of ['a', 'b', 'c', 'd']) ask(user('ada'), name);
    expect(begun).to.deep.equal(['a', 'b']);
    await end('b');
    expect(begun).to.deep.equal(['a', 'b', 'c']);
    await end('a');
    expect(begun).to.deep.equal(['a', 'b', 'c', 'd']);
  });

  it('takes turns by caller, however many works one of them has waiting', async () => {
    const { begun, ask, end } = start({ running: 2, reserved: 0, runningEach: () => 1 });
    for (const name of ['a1', 'a2', 'a3']) ask(user('ada'), name);
    for (const name of ['b1', 'b2']) ask(user('bob'), name);
    ask(user('eve'), 'e1');
    expect(begun).to.deep.equal(['a1', 'b1']);
    await end('b1');
    expect(begun.at(-1)).to.equal('e1');
    await end('a1');
    expect(begun.at(-1)).to.equal('b2');
    await end('e1');
    expect(begun.at(-1)).to.equal('a2');
  });

  it('keeps a place for the key, whatever all users ask', async () => {
    const { begun, refused, ask, end } = start();
    for (let n = 0; n < 40; n += 1) ask(user(`u${String(n % 20)}`), `s${String(n)}`);
    await settle();
    expect(begun).to.have.length(3);
    expect(refused).to.have.length(40 - 3 - 6);
    ask(OPERATOR, 'stats');
    expect(begun.at(-1)).to.equal('stats');
    ask(OPERATOR, 'more stats');
    await end('stats');
    expect(begun.at(-1)).to.equal('more stats');
  });

  it('keeps a place for users, whatever is asked with the key', () => {
    const { begun, ask } = start();
    for (let n = 0; n < 9; n += 1) ask({ kind: 'backend', name: `h${String(n)}` }, `r${String(n)}`);
    expect(begun).to.have.length(3);
    ask(user('ada'), 'search');
    expect(begun.at(-1)).to.equal('search');
  });

  it('tells a caller who has too many waiting from all having too many', async () => {
    const { refused, ask } = start();
    for (let n = 0; n < 6; n += 1) ask(user('ada'), `a${String(n)}`);
    await settle();
    expect(refused).to.deep.equal(['a5 (own)']);
    for (const name of ['bob', 'eve', 'gil', 'kim']) ask(user(name), name);
    await settle();
    expect(refused).to.deep.equal(['a5 (own)']);
    ask(user('lou'), 'lou');
    await settle();
    expect(refused).to.deep.equal(['a5 (own)', 'lou']);
  });

  it('gives the place on when a work fails', async () => {
    const { begun, ask, end } = start({ running: 1, reserved: 0 });
    ask(user('ada'), 'a');
    ask(user('bob'), 'b');
    await end('a', new Error('fault'));
    expect(begun).to.deep.equal(['a', 'b']);
  });

  it('holds its bounds and ends everything that it took, whoever asks for what', async () => {
    const asker = fc.constantFrom<Asker>(user('ada'), user('bob'), user('eve'), OPERATOR);
    await fc.assert(
      fc.asyncProperty(fc.array(asker, { maxLength: 30 }), fc.nat(), async (askers, seed) => {
        const { begun, refused, ask, end } = start();
        const open = new Map<string, Asker>();
        let seen = 0;
        const look = () => {
          for (; seen < begun.length; seen += 1) {
            const name = begun[seen] ?? '';
            const by = askers[Number(name)];
            if (by !== undefined) open.set(name, by);
          }
          expect(open.size).to.be.at.most(4);
          const users = [...open.values()].filter(({ kind }) => kind === 'user').length;
          expect(users).to.be.at.most(3);
          expect(open.size - users).to.be.at.most(2);
        };
        askers.forEach((each, n) => {
          ask(each, String(n));
        });
        await settle();
        look();
        while (open.size > 0) {
          const names = [...open.keys()];
          const name = names[seed % names.length] ?? '';
          open.delete(name);
          await end(name);
          look();
        }
        expect(begun.length + refused.length).to.equal(askers.length);
      }),
      { numRuns: 50 }
    );
  });
});

describe('askerOf', () => {
  it('is the user of a token, wherever they are, and the address of a holder of the key', () => {
    const caller = tokenless('ada');
    expect(askerOf(caller, '192.0.2.1')).to.deep.equal(askerOf(caller, '192.0.2.2'));
    expect(askerOf({ kind: 'backend' }, 'ada')).not.to.deep.equal(askerOf(caller, 'ada'));
  });
});
