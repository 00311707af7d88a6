import { expect } from 'chai';
import fc from 'fast-check';
import { hashOfThread, isThread, threadOfHash } from '../../../../client/pages/chat/route.js';
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
