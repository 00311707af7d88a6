import { expect } from 'chai';
import { RECENT_MAX, Remembered } from '../../../../client/pages/chat/remembered.js';
import type { Shelf } from '../../../../client/pages/shared/safe-shelf.js';

function shelf(): () => Shelf {
  const items = new Map<string, string>();
  const made: Shelf = {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => {
      items.set(key, value);
    },
    removeItem: (key) => {
      items.delete(key);
    }
  };
  return () => made;
}

describe('Remembered', () => {
  it('lets two tabs of one browser be two users', () => {
    const browser = shelf();
    const one = new Remembered(shelf(), browser);
    const other = new Remembered(shelf(), browser);
    one.user = 'ada';
    other.user = 'bob';
    expect([one.user, other.user]).to.eql(['ada', 'bob']);
    expect(new Remembered(shelf(), browser).user).to.equal('bob');
  });

  it('keeps a token in its tab only', () => {
    const browser = shelf();
    new Remembered(shelf(), browser).token = 'secret';
    expect(new Remembered(shelf(), browser).token).to.equal(null);
  });

  it('lists the latest visits first, each once, up to its limit', () => {
    const remembered = new Remembered(shelf(), shelf());
    for (let i = 0; i < RECENT_MAX + 5; i++) remembered.visit(`t${String(i)}`);
    remembered.visit('t20');
    expect(remembered.recent).to.have.length(RECENT_MAX);
    expect(remembered.recent.slice(0, 2)).to.eql(['t20', `t${String(RECENT_MAX + 4)}`]);
  });

  it('remembers for as long as the page is open when storage is blocked, full or holds nonsense', () => {
    const blocked = (): never => {
      throw new Error('blocked');
    };
    const full: Shelf = { getItem: () => '{oops', setItem: blocked, removeItem: blocked };
    const remembered = new Remembered(blocked, () => full);
    expect(remembered.recent).to.eql([]);
    remembered.user = 'ada';
    remembered.token = 'secret';
    remembered.visit('t');
    expect([remembered.user, remembered.token]).to.eql(['ada', 'secret']);
    expect(remembered.recent).to.eql(['t']);
    remembered.token = null;
    expect(remembered.token).to.equal(null);
  });

  it('reads what is on the shelf again once that takes something', () => {
    const items = shelf();
    let isFull = true;
    const remembered = new Remembered(() => {
      if (isFull) throw new Error('full');
      return items();
    }, shelf());
    remembered.token = 'one';
    isFull = false;
    remembered.token = 'two';
    items().setItem('rollcall.token', 'three');
    expect(remembered.token).to.equal('three');
  });
});
