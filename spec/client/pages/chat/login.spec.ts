import { expect } from 'chai';
import { Left, loginAddress } from '../../../../client/pages/chat/login.js';

const LEFT = { hash: '#/t/plans', user: 'ada', thread: 'plans', text: 'half a thought' };

function tab() {
  const values = new Map<string, string>();
  return {
    values,
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
    removeItem: (key: string) => void values.delete(key)
  };
}

describe('loginAddress', () => {
  it('names the page to come back to, without what is shown there', () => {
    const page = new URL('https://chat.example/?user=ada#/t/secret-plans');
    expect(loginAddress('https://login.example/in?app=chat', page)).to.equal(
      'https://login.example/in?app=chat&return=https%3A%2F%2Fchat.example%2F'
    );
  });
});

describe('Left', () => {
  it('gives once what was left behind, also to a page that was loaded again', () => {
    const shelf = tab();
    new Left(() => shelf).put(LEFT);
    expect(new Left(() => shelf).take()).to.eql(LEFT);
    expect(new Left(() => shelf).take()).to.equal(null);
    expect(shelf.values.size).to.equal(0);
  });

  it('takes whatever else stands there for nothing', () => {
    const shelf = tab();
    for (const text of ['', 'x', '[]', '7']) {
      shelf.setItem('rollcall.left', text);
      expect(new Left(() => shelf).take(), text).to.equal(null);
    }
    shelf.setItem('rollcall.left', '{"text":7,"user":"ada"}');
    expect(new Left(() => shelf).take()).to.eql({ hash: '', user: 'ada', thread: '', text: '' });
  });
});
