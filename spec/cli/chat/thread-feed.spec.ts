import { expect } from 'chai';
import {
  connect,
  type Client,
  type MessageFrame,
  type Thread
} from '../../../client/sdk/client.js';
import { feedOf } from '../../../cli/chat/thread-feed.js';
import { FakeRollcall } from '../../client/sdk/fake-rollcall.js';
import { memoryWebSocket } from '../../client/sdk/memory-socket.js';
import { settle, VirtualClock } from '../../virtual-clock.js';

describe('feedOf', () => {
  let clock: VirtualClock;
  let server: FakeRollcall;
  let client: Client;

  function join(since: 'start' | 'live' = 'live'): Thread {
    client = connect('ws://fake/ws', {
      WebSocket: memoryWebSocket(server),
      clock,
      random: () => 0.5,
      user: 'ada'
    });
    return client.thread('t1', { since });
  }

  function say(count: number): void {
    for (let n = 0; n < count; n++) server.say('t1', 'bob', { n });
  }

  /** Reads the feed up to the offset `until`. Returns offsets, and each gap as `from-to reason`. */
  async function read(thread: Thread, after: number | null, until: number) {
    const seen: (number | string)[] = [];
    for await (const item of feedOf(thread, after)) {
      if (item.type === 'gap') {
        seen.push(`${String(item.gap.from)}-${String(item.gap.to)} ${item.gap.reason}`);
      } else {
        seen.push(item.message.offset);
        if (item.message.offset === until) break;
      }
    }
    return seen;
  }

  const range = (from: number, to: number): number[] =>
    Array.from({ length: to - from + 1 }, (_, n) => from + n);

  const messageAt = (offset: number): MessageFrame => ({
    type: 'message',
    thread: 't1',
    offset,
    mid: `m${String(offset)}`,
    from: { user: 'bob' },
    at: 1,
    kind: 'user_message',
    body: {}
  });

  beforeEach(() => {
    clock = new VirtualClock();
    server = new FakeRollcall(() => clock.now());
  });
  afterEach(() => client.close());

  it('begins after the offset and goes on with what comes, each once', async () => {
    say(450);
    const reading = read(join(), 120, 451);
    await settle();
    say(1);
    expect(await reading).to.deep.equal(range(121, 451));
  });

  it('says which messages after the offset are no longer kept', async () => {
    say(30);
    server.thread('t1').first = 20;
    expect(await read(join(), 10, 30)).to.deep.equal(['11-19 trimmed', ...range(20, 30)]);
  });

  it('says in one gap, after few questions, that a long stretch is not kept', async () => {
    let asked = 0;
    /** Makes the server answer for a thread of a million messages that has kept only these. */
    const keep = (...kept: number[]): void => {
      asked = 0;
      server.intercept = (frame, connection) => {
        if (frame.type === 'subscribe') {
          const joined = { epoch: 'x1', offset: 1_000_000, recovered: true, replay: 0, gap: null };
          const { thread, id = '' } = frame;
          connection.send({ type: 'subscribed', id, thread, ...joined, runs: [], present: [] });
          return true;
        }
        if (frame.type !== 'history') return false;
        asked += 1;
        const older = kept.filter((offset) => offset < (frame.before ?? Infinity));
        const { thread, id = '', limit = 50 } = frame;
        const messages = older.slice(-limit).map((offset) => messageAt(offset));
        const more = messages.length < older.length;
        connection.send({ type: 'history', id, thread, epoch: 'x1', messages, more });
        return true;
      };
    };
    const told = async () => {
      const seen: string[] = [];
      for await (const item of feedOf(join(), 5)) {
        const { from, to } =
          item.type === 'gap' ? item.gap : { from: item.message.offset, to: item.message.offset };
        seen.push(from === to ? String(from) : `${String(from)}-${String(to)}`);
        if (seen.length > 9 || to === 1_000_000) break;
      }
      client.close();
      return seen;
    };
    keep();
    expect(await told()).to.deep.equal(['6-1000000']);
    expect(asked).to.be.at.most(2);
    keep(999_998, 999_999, 1_000_000);
    expect(await told()).to.deep.equal(['6-999997', '999998', '999999', '1000000']);
    expect(asked).to.be.at.most(25);
    keep(3, 7, 500_000);
    expect(await told()).to.deep.equal(['6', '7', '8-499999', '500000', '500001-1000000']);
    expect(asked).to.be.at.most(50);
  });

  it('asks little when a server answers with other messages than asked for', async () => {
    say(30);
    let asked = 0;
    server.intercept = (frame, connection) => {
      if (frame.type !== 'history') return false;
      asked += 1;
      if (asked > 10) return true;
      const { thread, id = '' } = frame;
      const messages = [messageAt(900), messageAt(901)];
      connection.send({ type: 'history', id, thread, epoch: 'x1', messages, more: true });
      return true;
    };
    const reading = read(join(), 5, 31);
    await settle();
    say(1);
    expect(await reading).to.deep.equal(['6-30 trimmed', 31]);
    expect(asked).to.equal(1);
  });

  it('fetches what a slow reader has missed, each once and in order', async () => {
    say(3_000);
    const thread = join('start');
    const feed = feedOf(thread, null);
    const first = await feed.next();
    // All messages arrive while nothing reads the feed: more than the SDK keeps in memory.
    await settle();
    say(500);
    await settle();
    const offsets = [first.value?.type === 'message' ? first.value.message.offset : 0];
    for await (const item of feed) {
      if (item.type === 'message') offsets.push(item.message.offset);
      if (offsets.at(-1) === 3_500) break;
    }
    expect(offsets).to.deep.equal(range(1, 3_500));
  });

  it('goes on over a reconnect, each once', async () => {
    say(3);
    const reading = read(join('start'), null, 7);
    await settle();
    server.closeAll(1006, '');
    say(3);
    await clock.advance(5_000);
    say(1);
    expect(await reading).to.deep.equal(range(1, 7));
  });

  it('puts short pages together when messages are long', async () => {
    say(30);
    server.intercept = (frame) => {
      if (frame.type === 'history') frame.limit = Math.min(frame.limit ?? 50, 7);
      return false;
    };
    expect(await read(join(), 5, 30)).to.deep.equal(range(6, 30));
  });

  it('throws what the server says when the thread is refused', async () => {
    server.intercept = (frame, connection) => {
      if (frame.type !== 'subscribe') return false;
      server.refuse(frame, connection, { code: 'forbidden', retry: false });
      return true;
    };
    for (const after of [null, 5]) {
      const failure = await read(join(), after, 1).catch((error: unknown) => String(error));
      expect(failure).to.include('refused by the spec: forbidden');
      client.close();
    }
  });
});
