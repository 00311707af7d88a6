import { expect } from 'chai';
import { messagePoints } from '../../../server/chat/work/costs.js';
import { TURN_POINTS, TurnBudget } from '../../../server/chat/work/turn-budget.js';
import { HISTORY_CHARS_MAX } from '../../../server/chat/message-pages.js';
import { settle } from '../../virtual-clock.js';
import { doors } from '../doors-rig.js';

/** The most points that one frame costs: those of a whole page of history. */
const FRAME_POINTS_MAX = messagePoints(500, HISTORY_CHARS_MAX) + 10;

/** A server whose turns begin when the spec calls `nextTurn`. */
function rig(publishPerSecond = 0, token?: string) {
  const waiting: (() => void)[] = [];
  const spent: number[] = [];
  const turn = new TurnBudget(
    (work) => waiting.push(work),
    (points) => spent.push(points)
  );
  const server = doors(token, publishPerSecond, turn);
  const nextTurn = async (): Promise<boolean> => {
    const due = waiting.splice(0);
    for (const work of due) work();
    await settle();
    return due.length > 0;
  };
  const fill = async (thread: string, messages: number, chars: number): Promise<void> => {
    const door = await server.webSocket();
    for (let n = 0; n < messages; n++) {
      await server.clock.advance(1_000);
      await door.publish({ thread, mid: `m${String(n)}`, body: 'x'.repeat(chars) });
    }
  };
  const request = (type: string, count: number, fields: object): string =>
    Array.from({ length: count }, (_, id) => JSON.stringify({ type, id, ...fields })).join('\n');
  return { ...server, turn, spent, nextTurn, fill, request };
}

describe('a turn of the event loop', () => {
  it('does a bounded amount of work for a message of 300 frames, and answers all of them in order', async () => {
    const server = rig();
    await server.fill('big', 60, 10_000);
    const { socket, say } = await server.socket();
    say(server.request('history', 300, { thread: 'big', limit: 500 }));
    while (await server.nextTurn());
    const ids = socket.frames.filter(({ type }) => type === 'history').map(({ id }) => id);
    expect(ids).to.eql(Array.from({ length: 300 }, (_, id) => id));
    expect(Math.max(...server.spent)).to.be.within(1, TURN_POINTS + FRAME_POINTS_MAX);
    expect(server.spent.length).to.be.greaterThan(40);
  });

  it('handles the frame of another one while a long message is being worked off', async () => {
    const server = rig();
    await server.fill('big', 60, 10_000);
    const [mal, ada] = [await server.socket(), await server.socket()];
    mal.say(server.request('history', 300, { thread: 'big', limit: 500 }));
    ada.say('{"type":"ping","id":"ada"}');
    await server.nextTurn();
    expect(ada.socket.frames.map(({ id }) => id)).to.include('ada');
  });

  it('does a bounded amount of work for many who replay at once', async () => {
    const server = rig();
    await server.fill('big', 60, 10_000);
    const readers = [];
    for (let n = 0; n < 40; n++) readers.push(await server.socket());
    server.spent.length = 0;
    for (const { say } of readers) say('{"type":"subscribe","thread":"big","since":"start"}');
    while (await server.nextTurn());
    for (const { socket } of readers) {
      expect(socket.frames.filter(({ type }) => type === 'message')).to.have.length(60);
    }
    expect(Math.max(...server.spent)).to.be.within(1, TURN_POINTS + FRAME_POINTS_MAX);
  });

  it('stores what a client has sent before it went', async () => {
    const server = rig();
    const { say, close } = await server.socket();
    const frames = Array.from({ length: 700 }, (_, n) =>
      JSON.stringify({ type: 'publish', thread: 't', mid: `m${String(n)}`, body: n })
    );
    say(frames.join('\n'));
    close();
    while (await server.nextTurn());
    expect(server.log.head('t')?.last).to.equal(700);
  });
});

describe('what requests cost', () => {
  const PER_SECOND = 50;
  const refusals = (frames: readonly Record<string, unknown>[]): unknown[] =>
    frames.filter(({ code }) => code === 'rate_limited');

  it('refuses a user who has read too much, on every connection and until the time that it says', async () => {
    const server = rig(PER_SECOND);
    await server.fill('big', 60, 10_000);
    const { socket, say } = await server.socket();
    say(server.request('history', 60, { thread: 'big', limit: 500 }));
    while (await server.nextTurn());
    const pages = socket.frames.filter(({ type }) => type === 'history');
    expect(pages.length).to.be.within(5, 30);
    const [first] = refusals(socket.frames) as { retry: boolean; afterMs: number }[];
    expect(first?.retry).to.equal(true);
    const other = await server.socket();
    other.say('{"type":"threads","id":"soon"}');
    expect(refusals(other.socket.frames)).to.have.length(1);
    await server.clock.advance(first?.afterMs ?? 0);
    other.say('{"type":"threads","id":"later"}');
    expect(other.socket.frames.at(-1)).to.include({ type: 'threads', id: 'later' });
  });

  it('charges a replay', async () => {
    const server = rig(PER_SECOND);
    await server.fill('big', 60, 10_000);
    const { socket, say } = await server.socket();
    const replay = { thread: 'big', since: 'start' };
    say(server.request('subscribe', 300, replay));
    while (await server.nextTurn());
    expect(refusals(socket.frames).length).to.be.greaterThan(20);
  });

  it('answers 429 over HTTP to a user who has read too much', async () => {
    const server = rig(PER_SECOND, 'a-token');
    await server.fill('big', 60, 10_000);
    const codes: unknown[] = [];
    for (let n = 0; n < 40; n++) {
      const asked = server.http.history({ thread: 'big', limit: 500 });
      await server.nextTurn();
      codes.push((await asked).code);
    }
    expect([codes[0], codes.at(-1)]).to.eql(['ok', 'rate_limited']);
  });

  it('charges the address over HTTP where there is no API key', async () => {
    const server = rig(PER_SECOND);
    await server.fill('big', 60, 10_000);
    const codes: unknown[] = [];
    for (let n = 0; n < 40; n++) {
      const asked = server.http.history({ thread: 'big', limit: 500 });
      await server.nextTurn();
      codes.push((await asked).code);
    }
    expect([codes[0], codes.at(-1)]).to.eql(['ok', 'rate_limited']);
    await server.clock.advance(5_000);
    expect((await server.http.history({ thread: 'big' })).code).to.equal('ok');
  });

  it('lets publishes and event streams over HTTP wait for room in a turn', async () => {
    const server = rig();
    const answered: unknown[] = [];
    server.turn.spend(TURN_POINTS);
    const waiting = [
      server.http.publish({ thread: 't', mid: 'm2', body: 1 }),
      server.http.subscribe('t')
    ];
    for (const each of waiting) void each.then(({ code }) => answered.push(code));
    await settle();
    expect(answered).to.eql([]);
    while (await server.nextTurn());
    expect(answered).to.eql(['ok', 'ok']);
  });

  it('lets small frames through that cost nothing but themselves', async () => {
    const server = rig(PER_SECOND);
    await server.fill('big', 60, 10_000);
    const { socket, say } = await server.socket();
    say(server.request('history', 60, { thread: 'big', limit: 500 }));
    say(server.request('ping', 100, {}));
    while (await server.nextTurn());
    expect(socket.frames.filter(({ type }) => type === 'pong')).to.have.length(100);
  });

  it('charges typing and marks by how many get them', async () => {
    const refusedAfter = async (type: string, hearers: number): Promise<number> => {
      const server = rig(PER_SECOND);
      await server.fill('hall', 1, 1);
      for (let n = 0; n < hearers; n++) {
        (await server.socket()).say('{"type":"subscribe","thread":"hall"}');
      }
      await server.clock.advance(5_000);
      const { socket, say } = await server.socket();
      say('{"type":"subscribe","thread":"hall"}');
      say(server.request(type, 520, { thread: 'hall', on: true, read: 1 }));
      while (await server.nextTurn());
      say('{"type":"threads","id":"after"}');
      return refusals(socket.frames).length;
    };
    for (const type of ['typing', 'mark']) {
      expect([await refusedAfter(type, 10), await refusedAfter(type, 200)]).to.eql([0, 1]);
    }
  });

  it('tells only its sender of a mark that has not moved', async () => {
    const server = rig(PER_SECOND);
    await server.fill('hall', 3, 1);
    const told: unknown[] = [];
    server.threads.signal = (_, signal) => told.push(signal);
    const { socket, say } = await server.socket();
    say('{"type":"subscribe","thread":"hall"}');
    for (const read of [2, 2, 1, 3]) {
      say(`{"type":"mark","thread":"hall","read":${String(read)}}`);
      await settle();
    }
    const mark = { type: 'mark', thread: 'hall', user: 'ada' };
    expect(told).to.eql([
      { ...mark, read: 2 },
      { ...mark, read: 3 }
    ]);
    expect(socket.frames.filter(({ type }) => type === 'mark')).to.eql([
      { ...mark, read: 2 },
      { ...mark, read: 2 }
    ]);
  });
});
