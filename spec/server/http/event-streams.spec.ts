import { expect } from 'chai';
import { SWEEP_MS, TOKEN_GRACE_MS } from '../../../server/chat/connections.js';
import { tokenless } from '../../../server/access/identity.js';
import type { HttpStream } from '../../../server/transport/transport.js';
import { settle } from '../../virtual-clock.js';
import { doors } from '../doors-rig.js';

/** An open event stream, as its reader sees it. */
class FakeStream implements HttpStream {
  text = '';
  hasEnded = false;
  private closed: () => void = () => undefined;

  write(data: string | Uint8Array): boolean {
    this.text += typeof data === 'string' ? data : Buffer.from(data).toString();
    return true;
  }

  buffered(): number {
    return 0;
  }

  onDrain(): void {
    // `write` takes everything, so nothing drains.
  }

  onClose(closed: () => void): void {
    this.closed = closed;
  }

  end(): void {
    this.hasEnded = true;
    this.closed();
  }
}

describe('EventStreams', () => {
  it('ends a stream as a WebSocket ends: once its token has expired, with an event that says so', async () => {
    const { clock, connections, events } = doors('token');
    const expiresAt = clock.now() + 2 * SWEEP_MS;
    const reply = events.open('t', null, { ...tokenless('ada'), expiresAt }, '::1');
    if (!('stream' in reply)) throw new Error('the stream was refused');
    const out = new FakeStream();
    reply.stream(out);
    const sweep = async (ms: number): Promise<void> => {
      for (let passed = 0; passed < ms; passed += SWEEP_MS) {
        await clock.advance(SWEEP_MS);
        connections.sweep();
      }
    };
    await sweep(SWEEP_MS + TOKEN_GRACE_MS);
    expect(out.hasEnded).to.equal(false);
    await sweep(SWEEP_MS);
    expect(out.hasEnded).to.equal(true);
    expect(out.text).to.match(/event: disconnect\n.*data: \{"type":"disconnect","code":3005,/s);
    expect(connections.open).to.equal(0);
  });

  /** Opens a stream for ada, waits for `happens`, begins the stream, and returns its text. */
  const beginAfter = async (
    happens: (rig: ReturnType<typeof doors>) => Promise<void> | void
  ): Promise<string> => {
    const settings = { mode: 'members', mayCreate: true, ownsOpenThreads: false } as const;
    const rig = doors('token', 0, undefined, { settings });
    const { events, members, connections } = rig;
    await members.set('t', 'ada', 'reader', null);
    rig.log.append(
      't',
      { mid: 'm', user: 'max', kind: 'user_message', bodyJson: '"secret"', at: 1 },
      () => undefined
    );
    const after = { offset: 0, epoch: null };
    const reply = events.open('t', after, tokenless('ada'), '::1');
    if (!('stream' in reply)) throw new Error('the stream was refused');
    await happens(rig);
    const out = new FakeStream();
    reply.stream(out);
    await settle();
    expect(connections.open).to.equal(out.hasEnded ? 0 : 1);
    return out.text;
  };

  it('begins with what there is for who may read it', async () => {
    expect(await beginAfter(() => undefined)).to.include('secret');
  });

  it('begins nothing when the reader has lost the right while the request waited', async () => {
    const text = await beginAfter(({ members }) => members.set('t', 'ada', null, null));
    expect(text).to.match(/"unsubscribed","thread":"t","code":"forbidden".*"code":3507/s);
    expect(text).to.not.include('secret');
  });

  it('begins nothing when the token has been revoked while the request waited', async () => {
    const text = await beginAfter(({ state }) => {
      state.isRevoked = true;
    });
    expect(text).to.match(/"code":"revoked".*"code":3500/s);
    expect(text).to.not.include('secret');
  });
});
