import { expect } from 'chai';
import { AI_REQUESTS_MAX, AiSession } from '../../../server/ai/ai-session.js';

/** A socket whose token has not been checked yet, and the codes with which it was ended. */
function early() {
  const session = new AiSession({} as never);
  const ended: number[] = [];
  session.begin({ end: (code: number) => ended.push(code) } as never, {} as never);
  return { session, ended };
}

describe('AiSession, before the token is checked', () => {
  it(`keeps ${String(AI_REQUESTS_MAX)} messages, and ends for one more`, () => {
    const { session, ended } = early();
    for (let n = 0; n < AI_REQUESTS_MAX; n++) session.take('{}');
    expect(ended).to.deep.equal([]);
    session.take('{}');
    expect(ended).to.deep.equal([3013]);
  });

  it('keeps as many characters as one message may have, and ends for one more', () => {
    const { session, ended } = early();
    for (let n = 0; n < 2; n++) session.take('x'.repeat(524_288));
    expect(ended).to.deep.equal([]);
    session.take('x');
    expect(ended).to.deep.equal([3013]);
  });
});
