import { expect } from 'chai';
import { AI_REQUESTS_MAX, AiSession, RESUMED_MS } from '../../../server/ai/ai-session.js';
import { BAD_FRAMES_MAX } from '../../../server/chat/chat.js';
import { settle, VirtualClock } from '../../virtual-clock.js';

/** A socket whose token has not been checked yet, and the codes with which it was ended. */
function early() {
  const limits: string[] = [];
  const session = new AiSession({ limited: (name: string) => limits.push(name) } as never);
  const ended: number[] = [];
  session.begin({ end: (code: number) => ended.push(code) } as never, {} as never);
  return { session, ended, limits };
}

describe('AiSession, before the token is checked', () => {
  it(`keeps ${String(AI_REQUESTS_MAX)} messages, and ends for one more`, () => {
    const { session, ended, limits } = early();
    for (let n = 0; n < AI_REQUESTS_MAX; n++) session.take('{}');
    expect(ended).to.deep.equal([]);
    session.take('{}');
    expect(ended).to.deep.equal([3013]);
    expect(limits).to.deep.equal(['ai_requests_connection']);
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
  const limits: string[] = [];
  const ended: number[] = [];
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
    limited: (name) => limits.push(name),
    failed: String
  });
  session.begin(
    {
      state: session,
      send: ({ text }: { text: string }) => told.push(JSON.parse(text) as never),
      buffered: () => 0,
      end: (code: number) => ended.push(code)
    } as never,
    { terminate: () => undefined } as never
  );
  session.signedIn({} as never);
  const take = async (type: string, requestId: string, id = 't'): Promise<void> => {
    session.take(JSON.stringify({ type, requestId, id, headers: {}, body: {} }));
    await settle();
  };
  await take('resume', 'a');
  return { clock, stopped, session, take, told, limits, ended };
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

describe('AiSession, of a client that sends what it should not', () => {
  it(`answers ${String(BAD_FRAMES_MAX)} bad messages in a row, and ends for one more`, async () => {
    const { take, told, limits, ended } = await reading();
    for (let n = 1; n < BAD_FRAMES_MAX; n++) await take('unknown', 'x');
    // A request whose id is in use is one of them.
    await take('resume', 'a');
    expect(told.filter(({ type }) => type === 'error')).to.have.length(BAD_FRAMES_MAX);
    expect(ended).to.deep.equal([]);
    await take('unknown', 'x');
    expect(ended).to.deep.equal([3501]);
    expect(limits).to.deep.equal(['bad_frames_connection']);
  });

  it('begins to count anew with a good one', async () => {
    const { take, ended } = await reading();
    for (let n = 0; n < 3; n++) {
      for (let bad = 0; bad < BAD_FRAMES_MAX; bad++) await take('unknown', 'x');
      await take('resume', `good ${String(n)}`);
    }
    expect(ended).to.deep.equal([]);
  });

  it(`takes ${String(AI_REQUESTS_MAX)} requests that have not ended, and refuses one more`, async () => {
    const { take, told, limits, ended } = await reading();
    for (let n = 1; n < AI_REQUESTS_MAX; n++) await take('resume', `r${String(n)}`);
    expect(limits).to.deep.equal([]);
    await take('resume', 'one too many');
    expect(told.at(-1)).to.include({ type: 'error', requestId: 'one too many' });
    expect(limits).to.deep.equal(['ai_requests_connection']);
    expect(ended).to.deep.equal([]);
    await take('abort', 'a');
    await take('resume', 'again');
    expect(limits).to.have.length(1);
  });
});
