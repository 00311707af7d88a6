import { expect } from 'chai';
import { SWEEP_MS, TOKEN_GRACE_MS } from '../../../server/chat/connections.js';
import { tokenless } from '../../../server/access/identity.js';
import type { HttpStream } from '../../../server/transport/transport.js';
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
    // Nothing ever waits here.
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
});
