import { expect } from 'chai';
import { AI_REQUESTS_MAX, AiSession, RESUMED_MS } from '../../../server/ai/ai-session.js';
import { settle, VirtualClock } from '../../virtual-clock.js';

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

/** A socket of which one chat is read, and what was cancelled. */
async function reading() {
  const clock = new VirtualClock();
  const stopped: unknown[] = [];
  const told: { type: string; requestId: string }[] = [];
  const session = new AiSession({
    clock,
    door: {
      send: () => Promise.reject(new Error('nothing is sent')),
      resume: (_: unknown, thread: string) =>
        Promise.resolve({
          thread,
          run: `run of ${thread}`,
          next: () => new Promise(() => undefined),
          close: () => undefined
        }),
      open: () => undefined,
      stop: (_: unknown, thread: string, named: object) => {
        stopped.push({ thread, ...named });
        return Promise.resolve({ run: null });
      }
    } as never,
    request: {} as never,
    version: 7,
    limited: () => undefined,
    failed: String
  });
  session.begin(
    {
      state: session,
      send: ({ text }: { text: string }) => told.push(JSON.parse(text) as never),
      buffered: () => 0,
      end: () => undefined
    } as never,
    { terminate: () => undefined } as never
  );
  session.signedIn({} as never);
  const take = async (type: string, requestId: string, id = 't'): Promise<void> => {
    session.take(JSON.stringify({ type, requestId, id, headers: {}, body: {} }));
    await settle();
  };
  await take('resume', 'a');
  return { clock, stopped, session, take };
}

describe('AiSession', () => {
  it('cancels the run of a chat whose reading is aborted, shortly after', async () => {
    const { clock, stopped, take } = await reading();
    await take('abort', 'a');
    await clock.advance(RESUMED_MS - 1);
    expect(stopped).to.deep.equal([]);
    await clock.advance(1);
    expect(stopped).to.deep.equal([{ thread: 't', run: 'run of t' }]);
  });

  it('lets it run when the client only reads it anew', async () => {
    const { clock, stopped, take } = await reading();
    await take('abort', 'a');
    await take('resume', 'b');
    await clock.advance(10 * RESUMED_MS);
    expect(stopped).to.deep.equal([]);
    await take('abort', 'b');
    // Another chat on the socket changes nothing.
    await take('resume', 'c', 'other');
    await clock.advance(RESUMED_MS);
    expect(stopped).to.deep.equal([{ thread: 't', run: 'run of t' }]);
  });

  it('cancels at once when the socket closes behind the abort', async () => {
    const { stopped, session, take } = await reading();
    await take('abort', 'a');
    session.close();
    expect(stopped).to.deep.equal([{ thread: 't', run: 'run of t' }]);
    session.close();
    expect(stopped).to.have.length(1);
  });
});
