import { expect } from 'chai';
import { startServer, type ServerProcess } from '../servers/server-process.js';
import { requireTransport, TRANSPORTS } from './transports.js';
import { WireClient } from './wire-client.js';

const FRAME_BYTES = 4_096;

/** Each bad input, the code of the error, and what the error's message must contain. */
const REFUSED: readonly [what: string, text: string, code: string, names: string][] = [
  ['nothing', '', 'bad_json', 'JSON'],
  ['blank lines only', '\n \n', 'bad_json', 'JSON'],
  ['half an object', '{"type":"ping"', 'bad_json', 'JSON'],
  ['two objects without a line feed', '{"type":"ping"}{"type":"ping"}', 'bad_json', 'JSON'],
  ['a number', '42', 'bad_frame', 'object'],
  ['null', 'null', 'bad_frame', 'object'],
  ['an array of frames', '[{"type":"ping"}]', 'bad_frame', 'object'],
  ['an object without a type', '{"id":5}', 'bad_frame', 'type'],
  ['a type that is no string', '{"type":{"toString":"ping"}}', 'bad_frame', 'type'],
  ['an unknown type', '{"type":"shout"}', 'unknown_type', 'shout'],
  [
    'the name of an inherited property as type',
    '{"type":"__proto__"}',
    'unknown_type',
    '__proto__'
  ],
  ['another inherited name', '{"type":"constructor"}', 'unknown_type', 'constructor'],
  ['a server frame', '{"type":"connected","user":"root"}', 'unknown_type', 'connected'],
  ['a publish without mid', '{"type":"publish","thread":"clean","body":1}', 'bad_frame', 'mid'],
  ['a publish without body', '{"type":"publish","thread":"clean","mid":"m"}', 'bad_frame', 'body'],
  ['a publish without thread', '{"type":"publish","mid":"m","body":1}', 'bad_frame', 'thread'],
  [
    'a mid that is empty',
    '{"type":"publish","thread":"clean","mid":"","body":1}',
    'bad_frame',
    'mid'
  ],
  [
    'a mid of 65 characters',
    `{"type":"publish","thread":"clean","mid":"${'m'.repeat(65)}","body":1}`,
    'bad_frame',
    'mid'
  ],
  [
    'a kind in capitals',
    '{"type":"publish","thread":"clean","mid":"m","body":1,"kind":"Note"}',
    'bad_frame',
    'kind'
  ],
  [
    'an expectation that is none',
    '{"type":"publish","thread":"clean","mid":"m","body":1,"expect":"maybe"}',
    'bad_frame',
    'expect'
  ],
  ['a thread that is a number', '{"type":"subscribe","thread":7}', 'bad_frame', 'thread'],
  [
    'a since that is none',
    '{"type":"subscribe","thread":"clean","since":"yesterday"}',
    'bad_frame',
    'since'
  ],
  [
    'a since below 0',
    '{"type":"subscribe","thread":"clean","since":{"offset":-1,"epoch":"x"}}',
    'bad_frame',
    'since'
  ],
  [
    'a since past the integers',
    '{"type":"subscribe","thread":"clean","since":{"offset":1e300,"epoch":"x"}}',
    'bad_frame',
    'since'
  ],
  ['a limit of 0', '{"type":"history","thread":"clean","limit":0}', 'bad_frame', 'limit'],
  ['a limit of 501', '{"type":"history","thread":"clean","limit":501}', 'bad_frame', 'limit'],
  ['a before that is text', '{"type":"threads","before":"now"}', 'bad_frame', 'before'],
  ['a typing without on', '{"type":"typing","thread":"clean"}', 'bad_frame', 'on'],
  ['a mark of 1.5', '{"type":"mark","thread":"clean","read":1.5}', 'bad_frame', 'read'],
  ['an id that is an object', '{"type":"ping","id":{}}', 'bad_frame', 'id'],
  ['an id past all numbers', '{"type":"ping","id":1e999}', 'bad_frame', 'id'],
  ['a thread id that is empty', '{"type":"subscribe","thread":""}', 'bad_thread', '128'],
  [
    'a thread id of 129 characters',
    `{"type":"subscribe","thread":"${'t'.repeat(129)}"}`,
    'bad_thread',
    '128'
  ],
  ['a thread id with a space', '{"type":"history","thread":"a b"}', 'bad_thread', '128'],
  ['a thread id with an umlaut', '{"type":"history","thread":"tür"}', 'bad_thread', '128'],
  ['a thread id with a line feed', '{"type":"history","thread":"a\\n"}', 'bad_thread', '128'],
  ['a thread id with a NUL', '{"type":"history","thread":"a\\u0000b"}', 'bad_thread', '128'],
  [
    'a publish to a bad thread',
    '{"type":"publish","thread":"../etc","mid":"m","body":1}',
    'bad_thread',
    '128'
  ],
  [
    'a kind of the server',
    '{"type":"publish","thread":"clean","mid":"m","body":1,"kind":"agent_completed"}',
    'forbidden_kind',
    'agent_completed'
  ],
  [
    'typing without a subscription',
    '{"type":"typing","thread":"clean","on":true}',
    'not_subscribed',
    'subscribed'
  ],
  [
    'a mark without a subscription',
    '{"type":"mark","thread":"clean","read":1}',
    'not_subscribed',
    'subscribed'
  ],
  [
    'unsubscribing from nothing',
    '{"type":"unsubscribe","thread":"clean"}',
    'not_subscribed',
    'subscribed'
  ],
  ['connecting again', '{"type":"connect","user":"eve"}', 'already_connected', 'connected'],
  ['cancelling nothing', '{"type":"cancel","run":"r0"}', 'not_found', 'run'],
  [
    'a body nested beyond reason',
    `{"type":"publish","thread":"clean","mid":"m","body":${'['.repeat(101)}${']'.repeat(101)}}`,
    'bad_frame',
    'body'
  ],
  [
    'a frame over the limit',
    `{"type":"publish","thread":"clean","mid":"m","body":"${'x'.repeat(FRAME_BYTES)}"}`,
    'too_large',
    String(FRAME_BYTES)
  ],
  [
    'a frame over the limit only in bytes',
    `{"type":"publish","thread":"clean","mid":"m","body":"${'€'.repeat(FRAME_BYTES / 3)}"}`,
    'too_large',
    String(FRAME_BYTES)
  ]
];

for (const transport of TRANSPORTS) {
  describe(`bad input on ${transport}`, function () {
    this.timeout(60_000);
    let server: ServerProcess;
    const open: WireClient[] = [];

    const join = async (user: string): Promise<WireClient> => {
      const client = await WireClient.connect(server.url, user);
      open.push(client);
      return client;
    };
    const stranger = async (): Promise<WireClient> => {
      const client = await WireClient.open(server.url);
      open.push(client);
      return client;
    };

    before(async function () {
      requireTransport(this, transport);
      server = await startServer({
        env: {
          TRANSPORT: transport,
          LIMIT_FRAME_BYTES: String(FRAME_BYTES),
          LIMIT_SUBSCRIPTIONS: '3',
          LIMIT_PUBLISH_PER_SECOND: '20',
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
      expect(server.stderr()).to.equal('');
    });

    for (const [what, text, code, named] of REFUSED) {
      it(`answers ${code} and stores nothing when it gets ${what}`, async () => {
        const ada = await join('ada');
        ada.sendText(text);
        const error = await ada.next('error');
        expect(error).to.include({ code, retry: false });
        expect(error.message).to.include(named);
        const history = await ada.ask({ type: 'history', thread: 'clean' });
        expect(history).to.deep.include({ type: 'history', messages: [], more: false });
        expect(ada.pending('error')).to.eql([]);
      });
    }

    it('echoes the id of a bad frame where there is one to read', async () => {
      const ada = await join('ada');
      ada.send({ type: 'publish', id: 'p1' }, { type: 'nonsense', id: 7 });
      expect(await ada.next('error')).to.include({ code: 'bad_frame', id: 'p1' });
      expect(await ada.next('error')).to.include({ code: 'unknown_type', id: 7 });
    });

    it('refuses the bad lines of a message and takes the good ones', async () => {
      const ada = await join('ada');
      ada.sendText('{"type":"ping","id":1}\nrubbish\n{"type":"ping","id":2}');
      expect(await ada.next('pong')).to.include({ id: 1 });
      expect(await ada.next('error')).to.include({ code: 'bad_json' });
      expect(await ada.next('pong')).to.include({ id: 2 });
    });

    it('refuses binary messages and stays usable', async () => {
      const ada = await join('ada');
      ada.socket.send(Buffer.from('{"type":"ping"}'), { binary: true });
      expect(await ada.next('error')).to.include({ code: 'bad_frame' });
      await ada.settle();
    });

    it('takes nothing before connect', async () => {
      const client = await stranger();
      client.send(
        { type: 'publish', thread: 'early', mid: 'm', body: 1, id: 1 },
        { type: 'subscribe', thread: 'early', id: 2 },
        { type: 'ping', id: 3 }
      );
      for (const id of [1, 2, 3]) {
        expect(await client.next('error')).to.include({ code: 'not_connected', id });
      }
      client.send({ type: 'connect', user: 'ada' });
      await client.next('connected');
      const history = await client.ask({ type: 'history', thread: 'early' });
      expect(history['messages']).to.eql([]);
    });

    it('refuses a user that is no name, and lets the client try again', async () => {
      const client = await stranger();
      const unseen = ['a\u0000b', 'a\u202eb', '\ud800'];
      for (const user of ['', 'u'.repeat(129), 7, null, 'system', 'agent:a', ...unseen]) {
        client.send({ type: 'connect', user });
        const error = await client.next('error');
        expect(error).to.include({ code: 'bad_frame' });
        expect(error.message).to.include('user');
      }
      client.send({ type: 'connect', user: 'ada' });
      expect(await client.next('connected')).to.include({ user: 'ada' });
    });

    it('gives those a name of their own who say none, where authentication is off', async () => {
      const [one, two] = [await stranger(), await stranger()];
      one.send({ type: 'connect' });
      two.send({ type: 'connect' });
      const users = [(await one.next('connected')).user, (await two.next('connected')).user];
      expect(new Set(users).size).to.equal(2);
      for (const user of users) expect(user).to.match(/^guest-/);
    });

    it('closes with 3501 after more than ten bad frames in a row, and not before', async () => {
      const ada = await join('ada');
      for (let round = 0; round < 2; round++) {
        for (let count = 0; count < 10; count++) ada.sendText('bad');
        await ada.settle();
      }
      for (let count = 0; count < 11; count++) ada.sendText('bad');
      expect(await ada.next('disconnect')).to.include({ code: 3501, reconnect: false });
      expect(await ada.ended).to.include({ code: 3501 });
      expect(ada.all.filter(({ type }) => type === 'error').length).to.equal(31);
    });

    it('does nothing more for a connection that it is closing', async () => {
      const ada = await join('ada');
      const bad = Array.from({ length: 11 }, () => 'bad').join('\n');
      ada.sendText(`${bad}\n{"type":"publish","thread":"late","mid":"m","body":1}`);
      await ada.ended;
      const bob = await join('bob');
      const history = await bob.ask({ type: 'history', thread: 'late' });
      expect(history['messages']).to.eql([]);
    });

    it('closes with 1009 when a message is far over the limit', async () => {
      const ada = await join('ada');
      ada.sendText('x'.repeat(FRAME_BYTES * 6));
      expect(await ada.ended).to.include({ code: 1009 });
    });

    it('refuses one subscription too many and takes it when another has ended', async () => {
      const ada = await join('ada');
      for (const thread of ['s1', 's2', 's3']) await ada.subscribe(thread);
      const refused = await ada.ask({ type: 'subscribe', thread: 's4' });
      expect(refused).to.include({ code: 'too_many_subscriptions', retry: false });
      expect(refused.message).to.include('3');
      await ada.subscribe('s2');
      await ada.ask({ type: 'unsubscribe', thread: 's1' });
      await ada.subscribe('s4');
    });

    it('limits publishing, says when it may go on, and lets it go on', async () => {
      const ada = await join('ada');
      const mids = Array.from({ length: 60 }, (_, index) => `r${String(index)}`);
      ada.send(...mids.map((mid) => ({ type: 'publish', thread: 'rated', mid, body: mid })));
      const error = await ada.next('error');
      expect(error).to.include({ code: 'rate_limited', retry: true });
      expect(error.afterMs).to.be.within(1, 1_000);
      for (let acked = 0; acked < 40; acked++) await ada.next('ack');
      let reply = error;
      for (let n = 0; reply.type === 'error' && n < 500; n++) {
        expect(reply).to.include({ code: 'rate_limited' });
        reply = await ada.publish('rated', 'again');
      }
      expect(reply).to.include({ type: 'ack', mid: 'again' });
    });

    it('closes with 3013 when it is flooded, also with frames that cost nothing', async () => {
      const ada = await join('ada');
      const pings = Array.from({ length: 100 }, () => '{"type":"ping"}').join('\n');
      for (let count = 0; count < 10; count++) ada.sendText(pings);
      expect(await ada.ended).to.include({ code: 3013 });
      expect(await ada.next('disconnect')).to.include({ code: 3013, reconnect: true });
    });

    it('takes users of any characters that are seen, and mids of any, for what they are', async () => {
      const user = '<b>💬"\\';
      const ada = await join(user);
      await ada.subscribe('any');
      for (const mid of ['\u0000', '\ud800', '\ud801', '"', '\\', '💬']) {
        const ack = await ada.publish('any', mid, 'same text');
        expect(ack).to.include({ type: 'ack', mid, duplicate: false });
        expect(await ada.next('message')).to.deep.include({ mid, from: { user } });
      }
    });
  });
}
