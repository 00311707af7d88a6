import { expect } from 'chai';
import { ChunkPace, FORGOTTEN_MS } from '../../../../server/chat/runs/chunk-pace.js';
import { FanOut, FLUSH_BYTES, QueuedSocket } from '../../../../server/transport/fan-out.js';
import type { OutFrame } from '../../../../server/transport/out-frame.js';
import type { ServerFrame } from '../../../../protocol/frames.js';
import { VirtualClock } from '../../../virtual-clock.js';

const LAG_BYTES = 1_000_000;

/** A socket whose peer has not read so many bytes as the spec says. */
class PacedSocket extends QueuedSocket<number> {
  unread = 0;
  readonly frames: OutFrame[] = [];

  /** What came, as `attempt:at:text`. */
  get told(): string[] {
    return this.frames.map(({ text }) => {
      const { attempt = 1, at, text: piece } = JSON.parse(text) as ServerFrame<'chunk'>;
      return `${String(attempt)}:${String(at)}:${piece}`;
    });
  }
  protected engineBuffered(): number {
    return this.unread;
  }
  protected engineWrite(frames: readonly OutFrame[]): void {
    this.frames.push(...frames);
  }
  protected engineEnd(code: number): void {
    this.settle(code);
  }
  protected engineTerminate(): void {
    this.settle(1006);
  }
}

describe('ChunkPace', () => {
  let clock: VirtualClock;
  let fanOut: FanOut<number>;
  let pace: ChunkPace<number>;
  let quick: PacedSocket;
  let slow: PacedSocket;
  let at: number;
  let dropped: number;

  beforeEach(() => {
    clock = new VirtualClock();
    dropped = 0;
    fanOut = new FanOut<number>(
      {
        upgrade: () => ({ accept: true, protocol: null, state: 0 }),
        open: () => undefined,
        message: () => undefined,
        dropped: () => dropped++,
        drain: () => undefined,
        close: () => undefined
      },
      { messageBytes: 1_000, lagBytes: LAG_BYTES }
    );
    pace = new ChunkPace({ clock, fanOut });
    [quick, slow] = [new PacedSocket(fanOut, 1), new PacedSocket(fanOut, 2)];
    for (const socket of [quick, slow]) socket.join('t');
    at = 0;
  });
  afterEach(() => {
    expect(dropped).to.equal(0);
  });

  const tell = async (text: string, attempt?: number): Promise<number> => {
    const count = pace.tell({
      type: 'chunk',
      thread: 't',
      run: 'r',
      at,
      text,
      ...(attempt === undefined ? {} : { attempt })
    });
    at += text.length;
    await clock.advance(40);
    return count;
  };
  const letters = async (text: string): Promise<void> => {
    for (const letter of text) await tell(letter);
  };

  it('sends each piece to sockets that keep up, and keeps nothing for them', async () => {
    expect(await tell('a')).to.equal(2);
    await letters('bc');
    expect(quick.told).to.eql(['1:0:a', '1:1:b', '1:2:c']);
    expect(slow.told).to.eql(quick.told);
    expect(quick.frames).to.eql(slow.frames);
    expect([pace.slowRuns, clock.waiting]).to.eql([0, 0]);
  });

  it('sends the same text in fewer frames to a socket whose peer does not read', async () => {
    await tell('a');
    slow.unread = FLUSH_BYTES + 1;
    await letters('bcdefghijk');
    expect(quick.told).to.have.length(11);
    expect(slow.told).to.eql(['1:0:a', '1:1:bcdef', '1:6:ghijk']);
  });

  it('sends the rarer the more is unread: one frame each half second at the bound', async () => {
    slow.unread = LAG_BYTES;
    await letters('abcdefghijklmnopqrstuvwxyz');
    expect(slow.told).to.eql(['1:0:abcdefghijklm', '1:13:nopqrstuvwxy']);
  });

  it('goes on with the pieces once the peer has read, and brings what was missing first', async () => {
    slow.unread = FLUSH_BYTES + 1;
    await letters('ab');
    slow.unread = 0;
    await letters('cdefg');
    expect(slow.told.map((piece) => piece.split(':')[2]).join('')).to.equal('abcdefg');
    expect(slow.told.slice(-2)).to.eql(['1:5:f', '1:6:g']);
    expect([pace.slowRuns, clock.waiting]).to.eql([0, 0]);
  });

  it('makes one frame for all slow sockets that lack the same text', async () => {
    const third = new PacedSocket(fanOut, 3);
    third.join('t');
    slow.unread = third.unread = FLUSH_BYTES + 1;
    await letters('abcdef');
    expect(slow.frames).to.have.length(1);
    expect(third.frames[0]).to.equal(slow.frames[0]);
  });

  it('brings the text of a new attempt from its beginning, without that of the old', async () => {
    slow.unread = FLUSH_BYTES + 1;
    await letters('ab');
    at = 0;
    for (const letter of 'xyz') await tell(letter, 2);
    await clock.advance(200);
    expect(slow.told).to.eql(['2:0:xyz']);
  });

  it('waits with a socket that takes nothing, and brings all of it later', async () => {
    slow.unread = LAG_BYTES + 1;
    await letters('abc');
    await clock.advance(1_000);
    expect(slow.told).to.eql([]);
    slow.unread = 0;
    await clock.advance(600);
    expect(slow.told).to.eql(['1:0:abc']);
  });

  it('sends nothing to a socket outside of the topic, and what it lacks when it is back', async () => {
    slow.unread = FLUSH_BYTES + 1;
    await tell('a');
    slow.leave('t');
    await letters('bcde');
    await clock.advance(500);
    expect(slow.told).to.eql([]);
    slow.unread = 0;
    slow.join('t');
    await letters('fghi');
    expect(slow.told.map((piece) => piece.split(':')[2]).join('')).to.equal('abcdefghi');
  });

  it('forgets sockets that are gone, runs that are over, and runs that say nothing', async () => {
    slow.unread = FLUSH_BYTES + 1;
    await tell('a');
    slow.terminate();
    await clock.advance(200);
    expect([pace.slowRuns, clock.waiting]).to.eql([0, 0]);

    quick.unread = LAG_BYTES + 1;
    await tell('b');
    expect(pace.slowRuns).to.equal(1);
    pace.ended('r');
    await clock.advance(200);
    expect([pace.slowRuns, clock.waiting]).to.eql([0, 0]);

    await tell('c');
    await clock.advance(FORGOTTEN_MS + 200);
    expect([pace.slowRuns, clock.waiting]).to.eql([0, 0]);
    expect(quick.told).to.eql(['1:0:a']);
  });
});
