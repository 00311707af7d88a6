import { expect } from 'chai';
import { MARKS_TOLD_MAX, toldMarks } from '../../../server/chat/subscriptions.js';

describe('toldMarks', () => {
  const marks = [
    { user: 'ada', read: 4 },
    { user: 'bob', read: 9 }
  ];

  it('has the marks of messages that are kept', () => {
    const log = { readMarks: () => marks };
    expect(toldMarks(log, 't', { first: 1, last: 12 })).to.eql(marks);
    expect(toldMarks(log, 't', { first: 5, last: 12 })).to.eql([{ user: 'bob', read: 9 }]);
    expect(toldMarks(log, 't', { first: 10, last: 12 })).to.equal(undefined);
  });

  it('asks for no more users than it may tell', () => {
    const asked: unknown[] = [];
    const readMarks = (...all: unknown[]): [] => {
      asked.push(...all);
      return [];
    };
    expect(toldMarks({ readMarks }, 't', { first: 1, last: 12 })).to.equal(undefined);
    expect(asked).to.eql(['t', MARKS_TOLD_MAX]);
  });

  it('reads nothing of a thread that has no message', () => {
    const readMarks = (): never => {
      throw new Error('read');
    };
    expect(toldMarks({ readMarks }, 't', { first: 1, last: 0 })).to.equal(undefined);
  });
});
