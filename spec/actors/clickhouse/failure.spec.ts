import { expect } from 'chai';
import {
  DETAIL_MAX,
  detailOf,
  engineCodeOf,
  failureOf
} from '../../../actors/clickhouse/failure.js';
import { StoreError } from '../../../actors/clickhouse/store.js';

const coded = (message: string, code: string) => Object.assign(new Error(message), { code });

describe('failureOf', () => {
  for (const [what, error, code] of [
    ['nobody listens', coded('', 'ECONNREFUSED'), 'refused'],
    ['the name is not known', coded('getaddrinfo ENOTFOUND db', 'ENOTFOUND'), 'refused'],
    ['the client gives up waiting', new Error('Timeout error.'), 'timeout'],
    ['the socket is cut', coded('read ECONNRESET', 'ECONNRESET'), 'lost'],
    ['a new server refuses the password', coded('Authentication failed', '516'), 'auth'],
    [
      'an old server refuses the password',
      new Error('Code: 193, e.displayText() = DB::Exception: Wrong password for user x'),
      'auth'
    ],
    [
      'an old server has no such database',
      new Error("Code: 81, e.displayText() = DB::Exception: Database nope doesn't exist"),
      'database'
    ],
    ['the statement is wrong', coded('Syntax error', '62'), 'query'],
    ['it is a web page', new Error('<html>404</html>'), 'foreign']
  ] as const) {
    it(`says ${code} when ${what}`, () => {
      expect(failureOf(error, 'db:8123').code).to.equal(code);
      expect(failureOf(error, 'db:8123').message).to.contain('db:8123');
    });
  }

  it('leaves a failure that is ours already as it is', () => {
    const error = new StoreError('busy', 'too many');
    expect(failureOf(error, 'db')).to.equal(error);
  });

  it('masks what comes from outside', () => {
    const failure = failureOf(new Error('no s3cret here'), 'db', (text) =>
      text.replaceAll('s3cret', '***')
    );
    expect(failure.message).to.equal('db answered: no *** here');
  });
});

describe('engineCodeOf', () => {
  it('reads the code from the text when the error has none of its own', () => {
    expect(engineCodeOf(new Error('Code: 60, e.displayText() = …'))).to.equal(60);
    expect(engineCodeOf(coded('x', '60'))).to.equal(60);
    expect(engineCodeOf(coded('x', 'ECONNRESET'))).to.equal(null);
  });
});

describe('detailOf', () => {
  it('keeps the first line and cuts it when it is too long', () => {
    expect(detailOf('one\ntwo')).to.equal('one');
    expect(detailOf('x'.repeat(DETAIL_MAX + 1))).to.equal(`${'x'.repeat(DETAIL_MAX)}…`);
  });
});
