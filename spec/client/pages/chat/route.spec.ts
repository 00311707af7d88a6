import { expect } from 'chai';
import fc from 'fast-check';
import {
  hashOfMessage,
  hashOfThread,
  isThread,
  messageOfHash,
  threadOfHash
} from '../../../../client/pages/chat/route.js';
import { isThreadId } from '../../../../protocol/frames.js';

describe('threadOfHash', () => {
  it('is the lobby when the hash names no thread', () => {
    for (const hash of ['', '#', '#/t/', '#/t/a b', '#/t/%', '#/t/a/b', '#/x/a']) {
      expect(threadOfHash(hash)).to.equal('lobby');
    }
  });

  it('undoes hashOfThread for every thread id', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9._:@-]{1,128}$/).filter(isThreadId), (thread) => {
        expect(threadOfHash(hashOfThread(thread))).to.equal(thread);
      })
    );
  });
});

describe('messageOfHash', () => {
  it('undoes hashOfMessage for every message, whatever its id', () => {
    const mids = fc.string({ minLength: 1, maxLength: 64, unit: 'binary' });
    fc.assert(
      fc.property(mids, fc.nat(), (mid, offset) => {
        fc.pre(mid.isWellFormed());
        const hash = hashOfMessage('a:b', { offset, mid });
        expect(messageOfHash(hash)).to.eql({ offset, mid });
        expect(threadOfHash(hash)).to.equal('a:b');
      })
    );
  });

  it('finds none in any other hash', () => {
    for (const hash of ['', '#/t/a', '#/t/a/1', '#/t/a/x/m', '#/t/a/1/%', '#/t/a/1/m/n']) {
      expect(messageOfHash(hash), hash).to.equal(null);
    }
  });
});

describe('isThread', () => {
  it('agrees with the protocol', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.constantFrom('.', '..', '...', '.a'),
          fc.stringMatching(/^[A-Za-z0-9._:@ -]{0,130}$/)
        ),
        (text) => {
          expect(isThread(text)).to.equal(isThreadId(text));
        }
      )
    );
  });
});
