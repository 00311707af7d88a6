import { expect } from 'chai';
import { StreamPeer, UNREAD_BYTES_MAX } from '../../../server/http/stream-peer.js';
import type { HttpStream } from '../../../server/transport/transport.js';

/** A reply of which the peer reads nothing until {@link drain}. */
class FullStream implements HttpStream {
  text = '';
  private unread = 0;
  private drained: () => void = () => undefined;
  private closed: () => void = () => undefined;

  write(chunk: string | Uint8Array): boolean {
    this.text += chunk.toString();
    this.unread += chunk.length;
    return false;
  }

  buffered(): number {
    return this.unread;
  }

  onDrain(listener: () => void): void {
    this.drained = listener;
  }

  onClose(listener: () => void): void {
    this.closed = listener;
  }

  drain(): void {
    this.unread = 0;
    this.drained();
  }

  end(): void {
    this.closed();
  }
}

const source = () => {
  const calls: string[] = [];
  return {
    calls,
    isOver: false,
    onEnd: (): void => undefined,
    drained: () => {
      calls.push('drained');
    },
    close: () => {
      calls.push('closed');
    }
  };
};

/** A peer that has more unread than it may, and what happens to it. */
const full = () => {
  const out = new FullStream();
  const peer = new StreamPeer(out);
  const read = source();
  peer.follow(read);
  peer.write('x'.repeat(UNREAD_BYTES_MAX + 1));
  let hasRoom = false;
  const room = peer.room().then(() => {
    hasRoom = true;
  });
  return { out, peer, read, room, hasRoom: () => hasRoom };
};

describe('StreamPeer', () => {
  it('has room again when the peer has read, and tells its source', async () => {
    const { out, read, room, hasRoom } = full();
    await Promise.resolve();
    expect(hasRoom()).to.equal(false);
    out.drain();
    await room;
    expect(read.calls).to.deep.equal(['drained']);
  });

  it('waits no more when the peer goes, closes its source, and writes nothing more', async () => {
    const { out, peer, read, room } = full();
    out.end();
    await room;
    const { length } = out.text;
    peer.write('late');
    peer.end();
    expect(read.calls).to.deep.equal(['closed']);
    expect(out.text).to.have.length(length);
    expect(peer.buffered).to.equal(0);
  });

  it('waits no more when the server ends the source of a peer that does not read', async () => {
    const { read, room } = full();
    read.isOver = true;
    read.onEnd();
    await room;
    expect(read.calls).to.deep.equal([]);
  });

  it('closes a source that it follows after it has gone', () => {
    const out = new FullStream();
    const peer = new StreamPeer(out);
    out.end();
    const read = source();
    peer.follow(read);
    expect(read.calls).to.deep.equal(['closed']);
  });
});
