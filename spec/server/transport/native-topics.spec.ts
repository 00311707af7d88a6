import { expect } from 'chai';
import fc from 'fast-check';
import { FanOut, QueuedSocket } from '../../../server/transport/fan-out.js';
import {
  NATIVE_MIN,
  NATIVE_SOCKETS_PER_TURN,
  NativeTopics,
  UNCHECKED_BYTES,
  type EngineTopics,
  type NativeSocket
} from '../../../server/transport/native-topics.js';
import { OutFrame } from '../../../server/transport/out-frame.js';
import type { SocketEvents } from '../../../server/transport/transport.js';

const LAG_BYTES = 100;

const out = (text: string): OutFrame => new OutFrame(text, 'said');

/** Topics as uWebSockets.js has them: their frames are sent later, but before anything else that a socket gets. */
class FakeEngine implements EngineTopics {
  readonly joined = new Map<string, Set<EngineSocket>>();
  published = 0;

  publish(topic: string, frame: OutFrame): void {
    this.published++;
    for (const socket of this.joined.get(topic) ?? []) socket.unsent.push(frame);
  }
}

/** A socket whose engine holds what its peer does not read, and says so only when it is asked or written to. */
class EngineSocket extends QueuedSocket<number> {
  readonly wire: string[] = [];
  readonly unsent: OutFrame[] = [];
  isRead = true;
  held = 0;
  private readonly engine: FakeEngine;
  private isKnownToHold = false;

  constructor(fanOut: FanOut<number>, state: number, engine: FakeEngine) {
    super(fanOut, state);
    this.engine = engine;
  }

  override engineJoin(topic: string): void {
    const sockets = this.engine.joined.get(topic) ?? new Set();
    this.engine.joined.set(topic, sockets.add(this));
  }
  override engineLeave(topic: string): void {
    this.engine.joined.get(topic)?.delete(this);
  }
  /** Sends what the topics have for it. */
  sendTopics(): void {
    for (const frame of this.unsent.splice(0)) this.put(frame);
  }
  read(): void {
    this.isRead = true;
    this.held = 0;
    this.isKnownToHold = false;
  }
  protected override engineMayLag(): boolean {
    return this.isKnownToHold;
  }
  protected override engineAsk(): void {
    this.isKnownToHold = this.held > 0;
  }
  protected engineBuffered(): number {
    return this.held;
  }
  protected engineWrite(frames: readonly OutFrame[]): void {
    this.sendTopics();
    for (const frame of frames) this.put(frame);
    this.engineAsk();
  }
  protected engineEnd(code: number): void {
    this.sendTopics();
    this.settle(code);
  }
  protected engineTerminate(): void {
    this.settle(1006);
  }
  private put(frame: OutFrame): void {
    this.wire.push(frame.text);
    if (!this.isRead) this.held += frame.bytes.length;
  }
}

function fanOutOf(dropped: (socket: number, frame: string) => void): FanOut<number> {
  const events: SocketEvents<number> = {
    upgrade: () => ({ accept: true, protocol: null, state: 0 }),
    open: () => undefined,
    message: () => undefined,
    dropped: (socket, frame) => {
      dropped(socket.state, frame.text);
    },
    drain: () => undefined,
    close: () => undefined
  };
  return new FanOut(events, { messageBytes: 1_000, lagBytes: LAG_BYTES, nativeMin: 2 });
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A socket of which only the ledger knows. */
class LedgerSocket implements NativeSocket {
  isIdle = true;
  asked = 0;
  flushes = 0;
  readonly topics = new Set<string>();
  flush(): number {
    this.flushes++;
    this.isIdle = true;
    return 0;
  }
  askBacklog(): void {
    this.asked++;
  }
  engineJoin(topic: string): void {
    this.topics.add(topic);
  }
  engineLeave(topic: string): void {
    this.topics.delete(topic);
  }
}

const socketsOf = (count: number): Set<LedgerSocket> =>
  new Set(Array.from({ length: count }, () => new LedgerSocket()));

describe('NativeTopics', () => {
  let published: string[];
  let turns: (() => void)[];
  let topics: NativeTopics;
  const publish = (members: Set<LedgerSocket>, text = 'x', topic = 't', lagBytes = 1e6): boolean =>
    topics.publish(topic, members, out(text), lagBytes);
  const nextTurn = (): void => {
    for (const work of turns.splice(0)) work();
  };

  beforeEach(() => {
    published = [];
    turns = [];
    topics = new NativeTopics(
      { publish: (topic, frame) => published.push(`${topic} ${frame.text}`) },
      NATIVE_MIN,
      (work) => turns.push(work)
    );
  });

  it('takes topics with many sockets, which join when the first frame comes', () => {
    const few = socketsOf(NATIVE_MIN - 1);
    const many = socketsOf(NATIVE_MIN);
    expect([publish(few, 'a', 'few'), publish(many, 'b', 'many')]).to.deep.equal([false, true]);
    expect(published).to.deep.equal(['many b']);
    expect([...few, ...many].map(({ topics: of }) => of.size)).to.deep.equal([
      ...[...few].map(() => 0),
      ...[...many].map(() => 1)
    ]);
  });

  it('lets later sockets join, and all leave when half of them are gone', () => {
    const members = socketsOf(NATIVE_MIN);
    publish(members);
    const late = new LedgerSocket();
    topics.added('t', late);
    expect(late.topics.has('t')).to.equal(true);
    for (const socket of members) {
      members.delete(socket);
      topics.removed('t', socket);
      expect(socket.topics.size).to.equal(0);
      if (members.size < NATIVE_MIN / 2) break;
      expect([...members].every((other) => other.topics.has('t'))).to.equal(true);
    }
    expect([...members].every((other) => other.topics.size === 0)).to.equal(true);
  });

  it('writes first to the few sockets that have frames queued, and takes nothing when many have', () => {
    const members = socketsOf(NATIVE_MIN);
    const [first] = members;
    if (first === undefined) throw new Error('no socket');
    first.isIdle = false;
    expect([publish(members), first.flushes]).to.deep.equal([true, 1]);
    for (const socket of members) socket.isIdle = false;
    expect(publish(members)).to.equal(false);
  });

  it('takes nothing while a socket holds something', () => {
    const members = socketsOf(NATIVE_MIN);
    const slow = new (class extends LedgerSocket {
      override flush(): number {
        return 0;
      }
    })();
    slow.isIdle = false;
    expect(publish(members.add(slow))).to.equal(false);
  });

  it('takes so many bytes until the sockets have been asked, and asks once they have been sent', () => {
    const members = socketsOf(NATIVE_MIN);
    const part = 'x'.repeat(UNCHECKED_BYTES / 4);
    const taken = [1, 2, 3, 4, 5].map(() => publish(members, part));
    expect(taken).to.deep.equal([true, true, true, true, false]);
    nextTurn();
    // What was published in the turn that has just ended may not have been sent.
    expect([...members].every(({ asked }) => asked === 0)).to.equal(true);
    expect(publish(members, part)).to.equal(false);
    nextTurn();
    expect([...members].every(({ asked }) => asked === 1)).to.equal(true);
    expect(publish(members, part)).to.equal(true);
  });

  it('takes fewer bytes the less a socket may hold', () => {
    const members = socketsOf(NATIVE_MIN);
    expect([
      publish(members, 'x'.repeat(51), 't', 100),
      publish(members, 'x'.repeat(50), 't', 100)
    ]).to.deep.equal([false, true]);
  });

  it('has the engine write to so many sockets in a turn', () => {
    const half = socketsOf(NATIVE_SOCKETS_PER_TURN / 2);
    const taken = ['a', 'b', 'a', 'c'].map((topic) => publish(half, 'x', topic));
    expect(taken).to.deep.equal([true, true, true, false]);
    nextTurn();
    expect(publish(half, 'x', 'c')).to.equal(true);
    expect(publish(socketsOf(NATIVE_SOCKETS_PER_TURN + 1), 'x', 'd')).to.equal(false);
  });

  it('schedules nothing once what was published has been sent', () => {
    publish(socketsOf(NATIVE_MIN));
    expect(topics.isPending).to.equal(true);
    nextTurn();
    nextTurn();
    expect([topics.isPending, turns]).to.deep.equal([false, []]);
  });
});

describe('FanOut over the topics of an engine', () => {
  it('delivers or reports every frame, in order, and no socket holds more than twice what it may', async () => {
    const socketId = fc.integer({ min: 0, max: 3 });
    const topic = fc.constantFrom('t', 'u');
    const chars = fc.integer({ min: 1, max: 40 });
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.record({ do: fc.constant('publish' as const), topic, chars }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('send' as const), socketId, chars }) },
      { weight: 4, arbitrary: fc.record({ do: fc.constant('join' as const), socketId, topic }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), socketId, topic }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('stall' as const), socketId }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('read' as const), socketId }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('end' as const), socketId }) },
      { weight: 4, arbitrary: fc.record({ do: fc.constant('turn' as const) }) }
    );
    let native = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
        const lost = [0, 1, 2, 3].map((): string[] => []);
        const engine = new FakeEngine();
        const fanOut = fanOutOf((socket, frame) => lost[socket]?.push(frame));
        fanOut.useTopics(engine);
        const models = lost.map((_, state) => ({
          socket: new EngineSocket(fanOut, state, engine),
          topics: new Set<string>(),
          offered: [] as string[],
          refused: [] as string[],
          open: true
        }));
        const settle = async (): Promise<void> => {
          for (const { socket } of models) socket.sendTopics();
          await turn();
        };
        for (const [n, s] of steps.entries()) {
          if (s.do === 'turn') {
            await settle();
          } else if (s.do === 'publish') {
            const frame = `${String(n)}:${'x'.repeat(s.chars)}`;
            for (const m of models) if (m.open && m.topics.has(s.topic)) m.offered.push(frame);
            fanOut.publish(s.topic, out(frame));
          } else {
            const m = models[s.socketId];
            if (m === undefined) throw new Error('no such socket');
            if (s.do === 'send') {
              const frame = `${String(n)}:${'x'.repeat(s.chars)}`;
              if (m.open) m.offered.push(frame);
              if (!m.socket.send(out(frame)) && m.open) m.refused.push(frame);
            } else if (s.do === 'join') {
              m.socket.join(s.topic);
              m.topics.add(s.topic);
            } else if (s.do === 'leave') {
              m.socket.leave(s.topic);
              m.topics.delete(s.topic);
            } else if (s.do === 'stall') {
              m.socket.isRead = false;
            } else if (s.do === 'read') {
              m.socket.read();
            } else {
              m.socket.end(3001, 'shutdown');
              m.open = false;
            }
          }
          for (const { socket } of models) expect(socket.held).to.be.at.most(2 * LAG_BYTES);
        }
        for (let count = 0; count < 3; count++) await settle();
        for (const [i, m] of models.entries()) {
          const missing = new Set([...(lost[i] ?? []), ...m.refused]);
          expect(m.socket.wire).to.deep.equal(m.offered.filter((frame) => !missing.has(frame)));
        }
        native += engine.published;
      }),
      { numRuns: 300 }
    );
    expect(native).to.be.greaterThan(0);
  });
});
