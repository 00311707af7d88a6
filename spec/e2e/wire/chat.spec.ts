import { expect } from 'chai';
import { rm } from 'node:fs/promises';
import { startServer, temporaryDir, type ServerProcess } from '../servers/server-process.js';
import { requireTransport, TRANSPORTS } from './transports.js';
import { WireClient, type Frame } from './wire-client.js';

const offsets = (frames: readonly Frame[]): number[] => frames.map(({ offset }) => offset);
const upTo = (last: number, from = 1): number[] =>
  Array.from({ length: Math.max(0, last - from + 1) }, (_, index) => from + index);
const names = (prefix: string, count: number): string[] =>
  upTo(count).map((n) => `${prefix}-${String(n)}`);

for (const transport of TRANSPORTS) {
  describe(`chat on ${transport}`, function () {
    this.timeout(60_000);
    let server: ServerProcess;
    const open: WireClient[] = [];

    const join = async (user: string): Promise<WireClient> => {
      const client = await WireClient.connect(server.url, user);
      open.push(client);
      return client;
    };

    before(async function () {
      requireTransport(this, transport);
      server = await startServer({
        env: {
          TRANSPORT: transport,
          LIMIT_PUBLISH_PER_SECOND: '0',
          LIMIT_CONNECTIONS_PER_USER: '0',
          // These specs publish many messages that nobody receives.
          DELIVERY_GRACE_MS: '600000'
        }
      });
    });
    afterEach(() => {
      for (const client of open.splice(0)) client.socket.terminate();
    });
    after(async () => {
      if ((server as ServerProcess | undefined) === undefined) return;
      expect(await server.stop()).to.equal(0);
      const loud = server.lines.filter(({ level }) => level === 'warn' || level === 'error');
      expect(loud).to.eql([]);
    });

    it('greets with the limits and how to come back', async () => {
      const client = await WireClient.open(server.url);
      open.push(client);
      expect(client.socket.protocol).to.equal('rollcall.v1');
      client.send({ type: 'connect', id: 'hello', user: 'ada', client: { name: 'spec' } });
      const connected = await client.next('connected');
      expect(connected).to.include({ id: 'hello', user: 'ada', ping: 25_000 });
      expect(connected['connection']).to.match(/^c\w+$/);
      expect(connected['limits']).to.eql({
        frameBytes: 65_536,
        subscriptions: 128,
        publishPerSecond: 0
      });
      expect(connected['reconnect']).to.eql({ firstJitterMs: 5_000, minMs: 500, maxMs: 20_000 });
    });

    it('works without a subprotocol', async () => {
      const client = await WireClient.open(server.url, { protocols: [] });
      open.push(client);
      client.send({ type: 'connect', user: 'ada' });
      expect(await client.next('connected')).to.include({ user: 'ada' });
    });

    it('acknowledges a publish and gives the message to every subscriber, the author too', async () => {
      const [ada, bob] = [await join('ada'), await join('bob')];
      await ada.subscribe('hello');
      await bob.subscribe('hello');
      ada.send({ type: 'publish', id: 7, thread: 'hello', mid: 'm1', body: { text: 'hi' } });
      const ack = await ada.next('ack');
      expect(ack).to.include({
        id: 7,
        thread: 'hello',
        mid: 'm1',
        offset: 1,
        duplicate: false,
        durable: 'disk'
      });
      for (const client of [ada, bob]) {
        const message = await client.next('message');
        expect(message).to.deep.include({
          thread: 'hello',
          offset: 1,
          mid: 'm1',
          from: { user: 'ada' },
          at: ack.at,
          kind: 'user_message',
          body: { text: 'hi' }
        });
        expect(message).not.to.have.any.keys('id', 'replay', 'fallback');
      }
    });

    it('echoes the id as it came, a number or a string, and none where none was', async () => {
      const ada = await join('ada');
      for (const id of [0, -1, 1.5, 9_007_199_254_740_991, '', 'é"\\\n']) {
        ada.send({ type: 'ping', id });
        expect(await ada.next('pong')).to.include({ id });
        ada.send({ type: 'publish', id, thread: 'ids', mid: `id-${String(id)}`, body: 1 });
        expect(await ada.next('ack')).to.include({ id });
        ada.send({ type: 'history', id, thread: 'ids' });
        expect(await ada.next('history')).to.include({ id });
        ada.send({ type: 'threads', id });
        expect(await ada.next('threads')).to.include({ id });
      }
      ada.send({ type: 'ping' });
      expect(await ada.next('pong')).not.to.have.property('id');
    });

    it('takes several frames in one message, blank lines and carriage returns included', async () => {
      const client = await WireClient.open(server.url);
      open.push(client);
      client.sendText(
        [
          '{"type":"connect","user":"ada","id":1}\r',
          '',
          '{"type":"subscribe","thread":"lines","id":2}',
          '{"type":"publish","thread":"lines","mid":"a","body":"a","id":3}',
          '{"type":"publish","thread":"lines","mid":"b","body":"b","id":4}',
          '{"type":"ping","id":5}',
          ''
        ].join('\n')
      );
      await client.next((frame) => frame.type === 'message' && frame.offset === 2);
      await client.next((frame) => frame.type === 'pong' && frame.id === 5);
      expect((await client.next('connected')).id).to.equal(1);
      expect((await client.next('subscribed')).id).to.equal(2);
      expect([(await client.next('ack')).id, (await client.next('ack')).id]).to.eql([3, 4]);
      expect(client.pending('error')).to.eql([]);
    });

    it('keeps any JSON body exactly, and text in any script', async () => {
      const ada = await join('ada');
      await ada.subscribe('bodies');
      const bodies: unknown[] = [
        null,
        false,
        0,
        '',
        [],
        {},
        'line\nfeed \u2028 \u0000 "quotes" \\ 💬 \ud800',
        { __proto__: null, constructor: 1, toString: 'x', ',"from":{"user":': '},"at":' },
        [[[['deep']]]],
        { replay: true, fallback: true, offset: -1 }
      ];
      for (const [index, body] of bodies.entries()) {
        const text = JSON.stringify({ type: 'publish', thread: 'bodies', mid: `b${index}`, body });
        ada.sendText(text);
        expect((await ada.next('message')).body).to.eql(body);
      }
      const history = await ada.ask({ type: 'history', thread: 'bodies' });
      expect((history['messages'] as Frame[]).map(({ body }) => body)).to.eql(bodies);
    });

    it('gives offsets without holes when two publish at once', async () => {
      const [ada, bob] = [await join('ada'), await join('bob')];
      await ada.subscribe('both');
      await Promise.all([
        ada.publishAll('both', names('a', 300)),
        bob.publishAll('both', names('b', 300))
      ]);
      await ada.settle();
      const seen = ada.pending('message');
      expect(offsets(seen)).to.eql(upTo(600));
      for (const prefix of ['a', 'b']) {
        const own = seen.filter(({ mid }) => mid.startsWith(prefix)).map(({ mid }) => mid);
        expect(own).to.eql(names(prefix, 300));
      }
    });

    it('replays from the start, from an offset, or nothing, and says exactly how much', async () => {
      const ada = await join('ada');
      await ada.publishAll('kept', names('k', 10));
      const all = await ada.subscribe('kept', 'start');
      expect(all.subscribed).to.include({ offset: 10, replay: 10, recovered: true, gap: null });
      expect(offsets(all.replays)).to.eql(upTo(10));
      expect(all.replays.every(({ replay }) => replay === true)).to.equal(true);
      expect(all.caughtUp).to.include({ thread: 'kept', offset: 10 });
      const { epoch } = all.subscribed;
      const some = await ada.subscribe('kept', { offset: 7, epoch });
      expect(some.subscribed).to.include({ offset: 10, replay: 3, recovered: true, gap: null });
      expect(offsets(some.replays)).to.eql([8, 9, 10]);
      const none = await ada.subscribe('kept', { offset: 10, epoch });
      expect(none.subscribed).to.include({ replay: 0, recovered: true });
      expect(none.replays).to.eql([]);
    });

    it('gives what nobody has taken to the first who comes, and nothing to the second', async () => {
      const [ada, bob] = [await join('ada'), await join('bob')];
      await ada.publishAll('waiting', names('w', 3));
      const first = await bob.subscribe('waiting', 'live');
      expect(first.subscribed).to.include({ replay: 3 });
      expect(offsets(first.replays)).to.eql([1, 2, 3]);
      expect((await ada.subscribe('waiting', 'live')).replays).to.eql([]);
    });

    it('says the hole when the epoch is another, or the offset was never given', async () => {
      const ada = await join('ada');
      await ada.publishAll('epochs', names('e', 3));
      const other = await ada.subscribe('epochs', { offset: 2, epoch: 'xother' });
      expect(other.subscribed).to.deep.include({
        recovered: false,
        replay: 3,
        gap: { from: 1, to: 2, reason: 'epoch' }
      });
      expect(offsets(other.replays)).to.eql([1, 2, 3]);
      const { epoch } = other.subscribed;
      const ahead = await ada.subscribe('epochs', { offset: 99, epoch });
      expect(ahead.subscribed).to.deep.include({
        recovered: false,
        replay: 3,
        gap: { from: 1, to: 99, reason: 'epoch' }
      });
    });

    it('joins live without a hole or an overlap while another publishes 2,000 messages', async () => {
      const [ada, bob] = [await join('ada'), await join('bob')];
      await ada.publishAll('busy', names('before', 50));
      const clients = [bob];
      while (clients.length < 10) clients.push(await join(`late-${String(clients.length)}`));
      const replies: Frame[] = [];
      for (const [index, client] of clients.entries()) {
        const publishing = ada.publishAll('busy', names(`m${String(index)}`, 200));
        replies.push(await client.ask({ type: 'subscribe', thread: 'busy', since: 'start' }));
        await publishing;
      }
      for (const [index, client] of clients.entries()) {
        const subscribed = replies[index]!;
        await client.next((frame) => frame.type === 'message' && frame.offset === 2_050);
        const messages = client.all.filter(({ type }) => type === 'message');
        expect(offsets(messages)).to.eql(upTo(2_050));
        const replays = messages.filter(({ replay }) => replay === true);
        expect(offsets(replays)).to.eql(upTo(subscribed.offset));
        expect(subscribed.replay).to.equal(subscribed.offset);
        const order = client.all.map(({ type, offset }) =>
          type === 'message' || type === 'caught_up' ? `${type} ${String(offset)}` : type
        );
        const caughtUp = order.indexOf(`caught_up ${String(subscribed.offset)}`);
        expect(order[caughtUp - 1]).to.equal(`message ${String(subscribed.offset)}`);
        expect(client.all.filter(({ type }) => type === 'caught_up').length).to.equal(1);
      }
    });

    it('pages backwards through the history to its beginning', async () => {
      const ada = await join('ada');
      await ada.publishAll('pages', names('p', 25));
      const seen: number[] = [];
      let before: number | undefined;
      for (const [length, more] of [
        [10, true],
        [10, true],
        [5, false]
      ] as const) {
        const page = await ada.ask({ type: 'history', thread: 'pages', before, limit: 10 });
        const messages = page['messages'] as Frame[];
        expect([messages.length, page['more']]).to.eql([length, more]);
        seen.unshift(...offsets(messages));
        before = messages[0]!.offset;
      }
      expect(seen).to.eql(upTo(25));
      const empty = await ada.ask({ type: 'history', thread: 'pages', before: 1 });
      expect(empty).to.deep.include({ messages: [], more: false });
      const none = await ada.ask({ type: 'history', thread: 'never-used' });
      expect(none).to.deep.include({ messages: [], more: false });
    });

    it('keeps a page of large messages within bounds and goes on from there', async () => {
      const ada = await join('ada');
      const text = 'x'.repeat(60_000);
      for (const mid of names('large', 30)) await ada.publish('large', mid, text);
      const seen: number[] = [];
      for (let before: number | undefined; ; before = seen[0]) {
        const page = await ada.ask({ type: 'history', thread: 'large', before, limit: 500 });
        expect(JSON.stringify(page).length).to.be.lessThan(600_000);
        seen.unshift(...offsets(page['messages'] as Frame[]));
        if (page['more'] !== true) break;
      }
      expect(seen).to.eql(upTo(30));
    });

    it('keeps a list of threads with large last messages within bounds', async () => {
      const eve = await join('eve');
      const text = 'x'.repeat(60_000);
      for (const n of upTo(12)) await eve.publish(`big-${String(n)}`, 'm', text);
      const seen: string[] = [];
      for (let before: number | undefined; ;) {
        const page = await eve.ask({ type: 'threads', limit: 500, before });
        expect(JSON.stringify(page).length).to.be.lessThan(600_000);
        const rows = page['threads'] as Frame[];
        seen.push(...rows.map(({ thread }) => thread));
        if (page['more'] !== true) break;
        before = rows.at(-1)!.at;
      }
      expect(seen).to.eql(
        upTo(12)
          .reverse()
          .map((n) => `big-${String(n)}`)
      );
    });

    it('pages through threads by place, exactly, and by time alone, leaving none out', async () => {
      const gil = await join('gil');
      const all = upTo(30).map((n) => `page-${String(n)}`);
      await Promise.all(all.map((thread) => gil.publish(thread, 'm', 'x')));
      for (const by of ['place', 'time']) {
        const seen: string[] = [];
        for (let next: object | undefined = {}; next !== undefined;) {
          const page = await gil.ask({ type: 'threads', limit: 4, ...next });
          const rows = page['threads'] as (Frame & { at: number })[];
          seen.push(...rows.map(({ thread }) => thread));
          if ('beforeThread' in next) expect(rows.length).to.be.at.most(4);
          const last = rows.at(-1);
          if (page['more'] !== true || last === undefined) break;
          next = by === 'place' ? (page['next'] as object) : { before: last.at };
        }
        expect([...seen].sort(), by).to.eql([...all].sort());
      }
    });

    it('lists a user’s own threads, newest first, with mark and last message', async () => {
      const [ada, dee] = [await join('ada'), await join('dee')];
      await dee.publish('own-1', 'a');
      await dee.publish('own-2', 'b');
      await ada.publish('foreign', 'c');
      await ada.publish('own-1', 'd');
      await dee.subscribe('own-1');
      expect(await dee.ask({ type: 'mark', thread: 'own-1', read: 1 })).to.include({ read: 1 });
      const listed = await dee.ask({ type: 'threads' });
      const rows = listed['threads'] as (Frame & { read: number; last: Frame })[];
      expect(rows.map(({ thread }) => thread)).to.eql(['own-1', 'own-2']);
      expect(rows[0]).to.include({ offset: 2, read: 1 });
      expect(rows[0]!.last).to.deep.include({ offset: 2, mid: 'd', from: { user: 'ada' } });
      expect(rows[1]).to.include({ offset: 1, read: 0 });
      expect(listed['more']).to.equal(false);
      const first = await dee.ask({ type: 'threads', limit: 1 });
      expect(first['more']).to.equal(true);
    });

    it('tells typing and marks to the thread, and marks never go back or past the end', async () => {
      const [ada, bob] = [await join('ada'), await join('bob')];
      await ada.subscribe('signs');
      await bob.subscribe('signs');
      ada.send({ type: 'typing', thread: 'signs', on: true });
      expect(await bob.next('typing')).to.include({
        thread: 'signs',
        user: 'ada',
        on: true,
        forMs: 6_000
      });
      await ada.publishAll('signs', names('s', 5));
      const markOfAda = { thread: 'signs', user: 'ada' };
      ada.send({ type: 'mark', thread: 'signs', read: 4 });
      expect(await bob.next('mark')).to.include({ ...markOfAda, read: 4 });
      // The other users do not get the frame a second time.
      const asked = { type: 'mark', thread: 'signs', read: 2 };
      expect(await ada.ask(asked)).to.include({ ...markOfAda, read: 4 });
      ada.send({ ...asked, read: Number.MAX_SAFE_INTEGER });
      expect(await bob.next('mark')).to.include({ ...markOfAda, read: 5 });
      const { subscribed } = await (await join('cy')).subscribe('signs');
      expect(subscribed).to.have.deep.property('marks', [{ user: 'ada', read: 5 }]);
    });

    it('shows people, not connections', async () => {
      const bob = await join('bob');
      await bob.subscribe('people');
      const tabs = [await join('ada'), await join('ada')];
      const [one, two] = tabs as [WireClient, WireClient];
      const first = await one.subscribe('people');
      expect(first.subscribed['present']).to.have.members(['ada', 'bob']);
      await bob.next((frame) => frame.type === 'presence' && joined(frame, 'ada'));
      await two.subscribe('people');
      await one.close();
      await two.ask({ type: 'unsubscribe', thread: 'people' });
      const left = await bob.next(
        (frame) =>
          frame.type === 'presence' && (frame['leave'] as string[] | undefined) !== undefined
      );
      expect(left['leave']).to.eql(['ada']);
      const told = bob.all.filter((frame) => frame.type === 'presence' && joined(frame, 'ada'));
      expect(told.length).to.equal(1);
    });

    it('gives nothing more after unsubscribed', async () => {
      const [ada, bob] = [await join('ada'), await join('bob')];
      await bob.subscribe('left');
      await ada.subscribe('left');
      const reply = await ada.ask({ type: 'unsubscribe', thread: 'left' });
      expect(reply).to.include({ type: 'unsubscribed', thread: 'left' });
      await bob.publish('left', 'after');
      await bob.next('message');
      await ada.settle();
      expect(ada.pending('message')).to.eql([]);
    });

    it('answers the same mid with the old offset and tells nobody twice', async () => {
      const ada = await join('ada');
      await ada.subscribe('mids');
      const first = await ada.publish('mids', 'same', 'one');
      const again = await ada.publish('mids', 'same', 'one');
      expect(again).to.include({ offset: first.offset, at: first.at, duplicate: true });
      const conflict = await ada.publish('mids', 'same', 'two');
      expect(conflict).to.include({ type: 'error', code: 'conflict', retry: false });
      const bob = await join('bob');
      expect(await bob.publish('mids', 'same', 'one')).to.include({ code: 'conflict' });
      expect(await ada.publish('other-thread', 'same', 'two')).to.include({ duplicate: false });
      ada.send(
        { type: 'publish', thread: 'mids', mid: 'twin', body: 1, id: 1 },
        { type: 'publish', thread: 'mids', mid: 'twin', body: 1, id: 2 }
      );
      const twins = [await ada.next('ack'), await ada.next('ack')];
      expect(twins.map(({ offset }) => offset)).to.eql([2, 2]);
      expect(twins.map(({ duplicate }) => duplicate)).to.eql([false, true]);
      await ada.settle();
      expect(offsets(ada.pending('message'))).to.eql([1, 2]);
    });

    it('takes subscribing twice in one message as starting again', async () => {
      const ada = await join('ada');
      await ada.publishAll('twice', names('t', 300));
      ada.send(
        { type: 'subscribe', thread: 'twice', since: 'start', id: 1 },
        { type: 'subscribe', thread: 'twice', since: 'start', id: 2 }
      );
      await ada.next((frame) => frame.type === 'subscribed' && frame.id === 2);
      await ada.next('caught_up');
      await ada.publish('twice', 'live');
      await ada.next((frame) => frame.type === 'message' && frame.offset === 301);
      await ada.settle();
      const second = ada.all.findIndex(({ type, id }) => type === 'subscribed' && id === 2);
      const after = ada.all.slice(second).filter(({ type }) => type === 'message');
      expect(offsets(after)).to.eql(upTo(301));
      const status = await (await fetch(`${server.url}/status`)).json();
      expect(status).to.deep.include({ connections: { open: 1, lagging: 0 } });
    });

    it('stops a replay at once when it is unsubscribed in the middle', async () => {
      const ada = await join('ada');
      await ada.publishAll('cut', names('c', 1_000));
      ada.send(
        { type: 'subscribe', thread: 'cut', since: 'start' },
        { type: 'unsubscribe', thread: 'cut', id: 'stop' }
      );
      await ada.next('unsubscribed');
      await ada.publish('cut', 'after');
      await ada.settle();
      const stop = ada.all.findIndex(({ type }) => type === 'unsubscribed');
      expect(ada.all.slice(stop).filter(({ type }) => type === 'message')).to.eql([]);
      const bob = await join('bob');
      expect(offsets((await bob.subscribe('cut', 'start')).replays)).to.eql(upTo(1_001));
    });

    it('stores what was published in the message that unsubscribes', async () => {
      const ada = await join('ada');
      await ada.subscribe('bye');
      ada.send(
        { type: 'publish', thread: 'bye', mid: 'last', body: 'words' },
        { type: 'unsubscribe', thread: 'bye' }
      );
      expect(await ada.next('ack')).to.include({ offset: 1 });
      const history = await ada.ask({ type: 'history', thread: 'bye' });
      expect(offsets(history['messages'] as Frame[])).to.eql([1]);
    });

    it('forgets everything of connections that end in the middle of a replay', async () => {
      const ada = await join('ada');
      await ada.publishAll('storm', names('s', 500));
      for (let round = 0; round < 40; round++) {
        const client = await WireClient.open(server.url);
        client.send(
          { type: 'connect', user: `ghost-${String(round)}` },
          { type: 'subscribe', thread: 'storm', since: 'start' },
          { type: 'publish', thread: 'storm', mid: `ghost-${String(round)}`, body: round }
        );
        if (round % 2 === 0) await client.next('subscribed');
        client.socket.terminate();
        await client.ended;
      }
      const bob = await join('bob');
      for (;;) {
        const { subscribed } = await bob.subscribe('storm', 'live');
        if (String(subscribed['present']) === 'bob') break;
        await bob.next('presence');
      }
      const { connections } = (await (await fetch(`${server.url}/status`)).json()) as {
        connections: unknown;
      };
      expect(connections).to.eql({ open: 2, lagging: 0 });
      const { replays } = await bob.subscribe('storm', 'start');
      expect(offsets(replays)).to.eql(upTo(replays.length));
    });
  });

  describe(`chat across a restart on ${transport}`, function () {
    this.timeout(60_000);
    let dataDir: string;
    let server: ServerProcess | undefined;

    before(async function () {
      requireTransport(this, transport);
      dataDir = await temporaryDir();
    });
    after(async () => {
      await server?.stop();
      if ((dataDir as string | undefined) !== undefined) {
        await rm(dataDir, { recursive: true, force: true });
      }
    });

    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      it(`has everything again, in the same epoch, after ${signal}`, async () => {
        const thread = `kept-${signal}`;
        const env = { TRANSPORT: transport };
        server = await startServer({ dataDir, env });
        const ada = await WireClient.connect(server.url, 'ada');
        const before = await ada.subscribe(thread);
        for (const mid of names('m', 5)) await ada.publish(thread, mid);
        expect(await ada.ask({ type: 'mark', thread, read: 3 })).to.include({ read: 3 });
        const history = await ada.ask({ type: 'history', thread });
        expect(await server.stop(signal)).to.equal(signal === 'SIGTERM' ? 0 : null);

        server = await startServer({ dataDir, env });
        const again = await WireClient.connect(server.url, 'ada');
        const { epoch } = before.subscribed;
        const resumed = await again.subscribe(thread, { offset: 2, epoch });
        expect(resumed.subscribed).to.include({ epoch, offset: 5, recovered: true, gap: null });
        expect(offsets(resumed.replays)).to.eql([3, 4, 5]);
        const after = await again.ask({ type: 'history', thread });
        expect(after['messages']).to.eql(history['messages']);
        expect(await again.publish(thread, 'm-5')).to.include({ offset: 5, duplicate: true });
        expect(await again.publish(thread, 'm-5', 'other')).to.include({ code: 'conflict' });
        expect(await again.publish(thread, 'm-6')).to.include({ offset: 6, duplicate: false });
        const listed = await again.ask({ type: 'threads' });
        expect((listed['threads'] as Frame[])[0]).to.include({ thread, offset: 6, read: 3 });
        await server.stop();
      });
    }
  });
}

function joined(frame: Frame, user: string): boolean {
  return (frame['join'] as string[] | undefined)?.includes(user) === true;
}
