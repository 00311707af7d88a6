import { expect } from 'chai';
import { PresentUsers } from '../../../../client/sdk/thread/present-users.js';

describe('PresentUsers', () => {
  it('names those who are present, sorted', () => {
    const users = new PresentUsers();
    users.change(['b', 'a'], []);
    users.change(['c'], ['b']);
    expect(users.names).to.deep.equal(['a', 'c']);
    expect(users.count).to.equal(2);
  });

  it('keeps the number only, once the server has told one instead of names', () => {
    const users = new PresentUsers();
    users.change(['a'], []);
    users.change([], [], 300);
    expect(users.names).to.deep.equal([]);
    expect(users.count).to.equal(300);
  });

  it('changes the number by the names of a later change, and never below 0', () => {
    const users = new PresentUsers();
    users.change([], [], 1);
    users.change(['a', 'b'], ['c']);
    expect(users.count).to.equal(2);
    users.change([], ['a', 'b', 'd']);
    expect(users.count).to.equal(0);
    expect(users.names).to.deep.equal([]);
  });

  it('takes a count of 0 as names that are told, until a number was told', () => {
    const users = new PresentUsers();
    users.change(['a'], [], 0);
    expect(users.names).to.deep.equal(['a']);
  });

  it('names users again after it was cleared', () => {
    const users = new PresentUsers();
    users.change([], [], 300);
    users.clear();
    users.change(['a'], []);
    expect(users.names).to.deep.equal(['a']);
    expect(users.count).to.equal(1);
  });
});
