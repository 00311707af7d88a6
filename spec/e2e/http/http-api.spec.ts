import { expect } from 'chai';
import { readFile } from 'node:fs/promises';
import { generateKeyPair, SignJWT } from 'jose';
import {
  openEvents,
  type EventReader,
  type EventReaderOptions,
  type StreamEvent
} from '../../../scripts/kill-proof/event-reader.js';
import { misfit } from '../wire/frame-check.js';
import { startServer, type ServerProcess } from '../servers/server-process.js';
import { requireTransport, TRANSPORTS } from '../wire/transports.js';
import { until } from '../servers/until.js';
import { WireClient, type Frame } from '../wire/wire-client.js';

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly allow: string | null;
  readonly body: Record<string, unknown>;
}

async function answerOf(response: Response): Promise<Answer> {
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    allow: response.headers.get('allow'),
    body: (await response.json()) as Record<string, unknown>
  };
}

async function read(
  url: string,
  thread: string,
  query = '',
  headers: Record<string, string> = {}
): Promise<Answer> {
  return answerOf(await fetch(`${url}/api/threads/${thread}/messages${query}`, { headers }));
}

/** Most publishes of a flood that wait for their ack at once. */
const IN_FLIGHT = 20;

/** Publishes an object as JSON, or a text unchanged. */
async function post(
  url: string,
  thread: string,
  body: object | string,
  headers: Record<string, string> = {}
): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return answerOf(
    await fetch(`${url}/api/threads/${thread}/messages`, { method: 'POST', headers, body: text })
  );
}

const message = (mid: string): object => ({
  mid,
  from: 'backend',
  body: { text: mid },
  expect: 'stored'
});

async function fill(url: string, thread: string, count: number): Promise<void> {
  for (let n = 1; n <= count; n += 1) await post(url, thread, message(`${thread}-${String(n)}`));
}

const offsets = (body: Record<string, unknown>): number[] =>
  (body['messages'] as Frame[]).map(({ offset }) => offset);

/** Returns the frame of an event. The event must be named after the frame's type and fit its schema exactly. */
function frameOf({ event, data }: StreamEvent): Frame {
  const frame = JSON.parse(data) as Frame;
  const fault = frame.type === event ? misfit(frame) : `${frame.type} came as the event ${event}`;
  if (fault !== null) throw new Error(fault);
  return frame;
}

/** A stream of events, with everything that it received. */
class Stream {
  readonly events: StreamEvent[] = [];
  /** The frames of the messages among them. */
  readonly messages: Frame[] = [];
  readonly reader: EventReader;
  /** The fault of the first event that does not fit; every wait fails with it. */
  private fault: Error | null = null;
  private wake: () => void = () => undefined;

  constructor(url: string, thread: string, options: Omit<EventReaderOptions, 'event'> = {}) {
    this.reader = openEvents(`${url}/api/threads/${thread}/events`, {
      ...options,
      event: (event) => {
        this.events.push(event);
        try {
          const frame = frameOf(event);
          if (frame.type === 'message') this.messages.push(frame);
        } catch (error) {
          this.fault ??= error as Error;
        }
        this.wake();
      }
    });
    void this.reader.ended.then(() => {
      this.wake();
    });
  }

  /** Waits until an event of a name has come. */
  async named(name: string): Promise<Record<string, unknown>> {
    await this.come(() => this.events.some(({ event }) => event === name));
    return frameOf(this.events.find(({ event }) => event === name)!);
  }

  /** Waits until the function returns true for what has come. */
  async come(holds: () => boolean): Promise<void> {
    let isOver = false;
    void this.reader.ended.then(() => (isOver = true));
    for (;;) {
      if (this.fault !== null) throw this.fault;
      if (holds()) return;
      if (isOver) throw new Error(`the stream ended after ${JSON.stringify(this.events.at(-1))}`);
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }
}

for (const transport of TRANSPORTS) {
  describe(`the HTTP API of threads on ${transport}`, function () {
    this.timeout(60_000);
    let server: ServerProcess;
    let url: string;
    const streams: EventReader[] = [];

    const open = (thread: string, options: Omit<EventReaderOptions, 'event'> = {}): Stream => {
      const stream = new Stream(url, thread, options);
      streams.push(stream.reader);
      return stream;
    };

    before(async function () {
      requireTransport(this, transport);
      server = await startServer({
        env: { TRANSPORT: transport, LIMIT_PUBLISH_PER_SECOND: '0', DELIVERY_GRACE_MS: '600000' }
      });
      ({ url } = server);
    });
    afterEach(() => {
      for (const stream of streams.splice(0)) stream.close();
    });
    after(async () => {
      await (server as ServerProcess | undefined)?.stop();
    });

    describe('POST …/messages', () => {
      it('stores a message and answers 201 with the ack', async () => {
        const { status, body } = await post(url, 'new', message('m1'));
        expect(status).to.equal(201);
        expect(body).to.include({
          type: 'ack',
          thread: 'new',
          mid: 'm1',
          offset: 1,
          duplicate: false,
          durable: 'disk'
        });
      });

      it('answers 200 and the old offset when the same is sent again', async () => {
        await post(url, 'again', message('m1'));
        await post(url, 'again', message('m2'));
        const { status, body } = await post(url, 'again', message('m1'));
        expect(status).to.equal(200);
        expect(body).to.include({ offset: 1, duplicate: true });
      });

      it('answers 409 conflict when the mid comes with another body', async () => {
        await post(url, 'conflict', message('m1'));
        const other = { ...message('m1'), body: { text: 'other' } };
        const { status, type, body } = await post(url, 'conflict', other);
        expect(status).to.equal(409);
        expect(type).to.match(/^application\/problem\+json/);
        expect(body).to.include({ code: 'conflict', status: 409, retry: false });
      });

      it('reaches a subscriber on WebSocket under the name it was sent from', async () => {
        const ada = await WireClient.connect(url, 'ada');
        await ada.subscribe('mixed');
        await post(url, 'mixed', { ...message('m1'), from: { user: 'bot' }, kind: 'app.note' });
        const frame = await ada.next('message');
        expect(frame).to.deep.include({ mid: 'm1', from: { user: 'bot' }, kind: 'app.note' });
        await ada.close();
      });

      it('names the owner, who then gets what nobody else is there for', async () => {
        const olga = await WireClient.connect(url, 'olga');
        await post(url, 'support', { ...message('m1'), owner: 'olga' });
        await post(url, 'support', { ...message('m2'), expect: 'delivered' });
        const frame = await olga.next((each) => each.mid === 'm2');
        expect(frame).to.include({ type: 'message', fallback: true });
        await olga.close();
      });

      const refusals: readonly [string, string, object | string, number, string, RegExp][] = [
        ['what is not JSON', 'bad', '{"mid":', 400, 'bad_json', /./],
        ['a body without a mid', 'bad', { from: 'a', body: 1 }, 400, 'bad_frame', /mid/],
        ['an empty author', 'bad', { mid: 'm', from: '', body: 1 }, 400, 'bad_frame', /from/],
        [
          'a mid that is too long',
          'bad',
          { mid: 'm'.repeat(65), from: 'a', body: 1 },
          400,
          'bad_frame',
          /mid/
        ],
        [
          'the kind of an agent event',
          'bad',
          { ...message('m'), kind: 'agent_started' },
          403,
          'forbidden_kind',
          /agent_started/
        ],
        ['a thread id with a blank', 'a%20b', message('m'), 400, 'bad_thread', /^/],
        ['a thread id that does not decode', '%E0%A4', message('m'), 400, 'bad_thread', /^/],
        ['a thread id that is too long', 't'.repeat(129), message('m'), 400, 'bad_thread', /^/],
        [
          'a body over the frame limit',
          'bad',
          { ...message('m'), body: 'x'.repeat(65_536) },
          413,
          'too_large',
          /65536/
        ]
      ];
      for (const [what, thread, body, status, code, detail] of refusals) {
        it(`answers ${String(status)} ${code} to ${what}`, async () => {
          const answer = await post(url, thread, body);
          expect(answer.status).to.equal(status);
          expect(answer.type).to.match(/^application\/problem\+json/);
          expect(answer.body).to.include({ code, status });
          expect(String(answer.body['detail'])).to.match(detail);
        });
      }

      it('has stored nothing of what it refused', async () => {
        expect((await read(url, 'bad')).body).to.deep.include({ offset: 0, messages: [] });
      });

      it('answers 405 with what is allowed to other methods', async () => {
        const path = `${url}/api/threads/t/messages`;
        const put = await answerOf(await fetch(path, { method: 'PUT', body: '{}' }));
        expect(put).to.include({ status: 405, allow: 'GET, POST' });
        const posted = await answerOf(
          await fetch(`${url}/api/threads/t/events`, { method: 'POST', body: '{}' })
        );
        expect(posted).to.include({ status: 405, allow: 'GET' });
      });
    });

    describe('GET …/messages', () => {
      before(async () => {
        await fill(url, 'pages', 7);
      });

      it('answers pages from the oldest on, and says whether there is more', async () => {
        const first = await read(url, 'pages', '?limit=3');
        expect(first.status).to.equal(200);
        expect(offsets(first.body)).to.deep.equal([1, 2, 3]);
        expect(first.body).to.include({ thread: 'pages', offset: 7, more: true, gap: null });
        const second = await read(url, 'pages', '?after=3&limit=3');
        expect(offsets(second.body)).to.deep.equal([4, 5, 6]);
        const last = await read(url, 'pages', '?after=6&limit=3');
        expect(offsets(last.body)).to.deep.equal([7]);
        expect(last.body['more']).to.equal(false);
      });

      it('answers messages as the WebSocket does', async () => {
        const ada = await WireClient.connect(url, 'ada');
        const { messages } = await ada.ask({ type: 'history', thread: 'pages' });
        expect((await read(url, 'pages')).body['messages']).to.deep.equal(messages);
        await ada.close();
      });

      it('answers an empty page after the newest, and for a thread that is not there', async () => {
        const after = await read(url, 'pages', '?after=7');
        expect(after.body).to.deep.include({ messages: [], more: false, offset: 7 });
        const nowhere = await read(url, 'nowhere');
        expect(nowhere.status).to.equal(200);
        expect(nowhere.body).to.deep.include({ messages: [], more: false, offset: 0 });
      });

      for (const query of ['?after=-1', '?after=x', '?after=', '?limit=0', '?limit=501']) {
        it(`answers 400 bad_frame to ${query}`, async () => {
          const { status, body } = await read(url, 'pages', query);
          expect(status).to.equal(400);
          expect(body).to.include({ code: 'bad_frame' });
        });
      }
    });

    describe('GET …/events', () => {
      it('streams what is published from now on, each with its place as the id', async () => {
        await fill(url, 'live', 2);
        const stream = open('live');
        const { headers } = await stream.reader.response;
        expect(headers['content-type']).to.match(/^text\/event-stream/);
        const subscribed = await stream.named('subscribed');
        expect(subscribed).to.include({ offset: 2, replay: 0, gap: null });
        await post(url, 'live', message('after'));
        await stream.come(() => stream.messages.length === 1);
        expect(stream.messages[0]).to.include({ mid: 'after', offset: 3 });
        expect(stream.events.at(-1)).to.include({
          id: `${String(subscribed['epoch'])}:3`,
          event: 'message'
        });
      });

      it('goes on after Last-Event-ID, which wins over the query', async () => {
        await fill(url, 'resume', 5);
        const stream = new Stream(url, 'resume', { lastEventId: '3' });
        streams.push(stream.reader);
        await stream.named('caught_up');
        expect(stream.messages.map(({ offset }) => offset)).to.deep.equal([4, 5]);
        expect(stream.messages.every(({ replay }) => replay === true)).to.equal(true);
        const both = openEvents(`${url}/api/threads/resume/events?after=0`, {
          lastEventId: '4',
          event: ({ event, data }) => {
            if (event === 'subscribed') expect(JSON.parse(data)).to.include({ replay: 1 });
          }
        });
        streams.push(both);
        expect(await both.status).to.equal(200);
      });

      it('streams everything from the start when asked to after 0', async () => {
        await fill(url, 'whole', 3);
        const stream = open('whole', { lastEventId: '0' });
        await stream.named('caught_up');
        expect(stream.messages.map(({ offset }) => offset)).to.deep.equal([1, 2, 3]);
      });

      it('answers 400 to a Last-Event-ID that is no place', async () => {
        expect(await open('live', { lastEventId: 'x' }).reader.status).to.equal(400);
      });

      it('has neither hole nor double when it is cut and resumed while publishing goes on', async () => {
        const ada = await WireClient.connect(url, 'ada');
        const total = 600;
        const all = Array.from({ length: total }, (_, n) => `busy-${String(n + 1)}`);
        const publishing = ada.publishAll('busy', all, 20);
        const seen: number[] = [];
        let cuts = 0;
        while (seen.length < total) {
          const stream = open('busy', { lastEventId: String(seen.at(-1) ?? 0) });
          const part = Math.min(total - seen.length, 97);
          await stream.come(() => stream.messages.length >= part);
          stream.reader.close();
          cuts += 1;
          // Everything that came before the cut counts, even if it is more than the spec waited for.
          seen.push(...stream.messages.map(({ offset }) => offset));
        }
        await publishing;
        expect(cuts).to.be.greaterThan(1);
        expect(seen).to.deep.equal(all.map((_, n) => n + 1));
        await ada.close();
      });

      it('keeps little of what a reader does not take, and gives it all when it reads on', async () => {
        const rssOf = async (): Promise<number> => {
          const text = await readFile(`/proc/${String(server.pid)}/status`, 'utf8');
          return Number(/^RssAnon:\s+(\d+)/m.exec(text)?.[1]) * 1_024;
        };
        const ada = await WireClient.connect(url, 'ada');
        const body = 'x'.repeat(60_000);
        let sent = 0;
        // Several at a time: the server disconnects a reader that takes nothing for a minute, and the machine may be
        // slow.
        const flood = async (thread: string, count: number): Promise<void> => {
          for (let left = count; left > 0; left -= IN_FLIGHT) {
            const mids = Array.from({ length: Math.min(left, IN_FLIGHT) }, () => {
              sent += 1;
              return `f${String(sent)}`;
            });
            for (const mid of mids)
              ada.send({ type: 'publish', thread, mid, body, expect: 'stored' });
            for (const mid of mids) {
              await ada.next((frame) => frame.type === 'ack' && frame.mid === mid);
            }
          }
        };
        // The heap grows to its working size in any case. So first publish twice as much as the measured part does.
        await flood('warm', 1_800);
        const stream = open('flood');
        await stream.named('subscribed');
        stream.reader.pause();
        const before = await rssOf();
        await flood('flood', 900);
        // 54 MB were published. A server that keeps them for the reader stays larger by as much. Memory that only waits
        // for the garbage collector is freed during more work, so repeat until it is.
        await until(
          async () => {
            await flood('warm', IN_FLIGHT);
            return (await rssOf()) - before;
          },
          (grown) => grown < 27_000_000
        );
        stream.reader.resume();
        await stream.come(() => stream.messages.length >= 900);
        expect(stream.messages.map(({ offset }) => offset)).to.deep.equal(
          Array.from({ length: 900 }, (_, n) => n + 1)
        );
        // The stream is live again.
        await ada.publish('flood', 'last');
        await stream.come(() => stream.messages.at(-1)?.mid === 'last');
        await ada.close();
      });

      it('counts as a connection nobody sees in the presence', async () => {
        const ada = await WireClient.connect(url, 'ada');
        const stream = open('seen');
        await stream.named('subscribed');
        const { subscribed } = await ada.subscribe('seen');
        expect(subscribed['present']).to.deep.equal(['ada']);
        await ada.close();
      });

      it('ends with a disconnect event when the server shuts down', async () => {
        const stream = open('farewell');
        await stream.named('subscribed');
        const stopped = server.stop();
        expect(await stream.reader.ended).to.equal(true);
        expect(stream.events.at(-1)).to.include({ event: 'disconnect' });
        const frame = frameOf(stream.events.at(-1)!);
        expect(frame).to.include({ code: 3001, reason: 'shutdown', reconnect: true });
        expect(await stopped).to.equal(0);
      });
    });
  });
}

describe('the HTTP API of a thread that is trimmed', function () {
  this.timeout(60_000);
  let server: ServerProcess;

  before(async () => {
    // Without this limit: the specs publish more often than one address may.
    server = await startServer({
      env: { RETENTION_MESSAGES: '10', LIMIT_PUBLISH_PER_SECOND: '0' }
    });
    await fill(server.url, 'short', 50);
    await until(
      () => read(server.url, 'short'),
      ({ body }) => offsets(body)[0] === 41
    );
  });
  after(async () => {
    await (server as ServerProcess | undefined)?.stop();
  });

  it('says which messages are missing when asked for what is gone', async () => {
    const { body } = await read(server.url, 'short', '?after=1');
    expect(body['gap']).to.deep.equal({ from: 2, to: 40, reason: 'trimmed' });
    expect(offsets(body)).to.deep.equal([41, 42, 43, 44, 45, 46, 47, 48, 49, 50]);
  });

  it('says nothing of a hole when nothing is missing', async () => {
    for (const after of ['0', '40', '45']) {
      expect((await read(server.url, 'short', `?after=${after}`)).body['gap']).to.equal(null);
    }
  });

  it('says it in the stream of events before what is kept', async () => {
    const stream = new Stream(server.url, 'short', { lastEventId: '3' });
    const subscribed = await stream.named('subscribed');
    expect(subscribed).to.deep.include({
      recovered: false,
      replay: 10,
      gap: { from: 4, to: 40, reason: 'trimmed' }
    });
    await stream.named('caught_up');
    expect(stream.messages[0]).to.include({ offset: 41 });
    stream.reader.close();
  });
});

describe('access to the HTTP API', function () {
  this.timeout(60_000);
  const API_KEY = 'a-key-for-the-backend-0123456789';
  const SECRET = 'a-secret-of-more-than-thirty-two-bytes';
  const key = (value: string): Record<string, string> => ({ 'x-api-key': value });
  const bearer = (value: string): Record<string, string> => ({ authorization: `Bearer ${value}` });
  const tokenOf = async (secret: string): Promise<string> =>
    await new SignJWT({})
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject('ada')
      .setExpirationTime('5m')
      .sign(new TextEncoder().encode(secret));

  for (const environment of ['development', 'production']) {
    describe(`with a key in ${environment}`, () => {
      let server: ServerProcess;
      let url: string;
      before(async () => {
        server = await startServer({
          env: {
            ENVIRONMENT: environment,
            ACCESS: 'open',
            CLICKHOUSE_REQUIRED: 'false',
            AUTH_JWT_SECRET: SECRET,
            API_KEY
          }
        });
        ({ url } = server);
      });
      after(async () => {
        await (server as ServerProcess | undefined)?.stop();
      });

      it('takes the key in either header, for publishing and reading', async () => {
        expect((await post(url, 't', message('m1'), key(API_KEY))).status).to.equal(201);
        expect((await post(url, 't', message('m2'), bearer(API_KEY))).status).to.equal(201);
        expect((await read(url, 't', '', key(API_KEY))).status).to.equal(200);
      });

      it('answers 401 without a key and with a wrong one', async () => {
        for (const headers of [{}, key('wrong'), key(`${API_KEY}x`), bearer('wrong')]) {
          const published = await post(url, 't', message('m3'), headers);
          expect(published.status).to.equal(401);
          expect(published.body).to.include({ code: 'unauthorized' });
          expect((await read(url, 't', '', headers)).status).to.equal(401);
          const stream = new Stream(url, 't', { headers });
          expect(await stream.reader.status).to.equal(401);
          stream.reader.close();
        }
        const { body } = await read(url, 't', '', key(API_KEY));
        expect(body['offset']).to.equal(2);
      });

      it('lets a user with a good token read, stream, and publish as nobody else', async () => {
        const headers = bearer(await tokenOf(SECRET));
        expect((await read(url, 't', '', headers)).status).to.equal(200);
        const stream = new Stream(url, 't', { headers });
        expect(await stream.named('subscribed')).to.deep.include({ present: ['ada'] });
        stream.reader.close();
        expect((await post(url, 't', message('m4'), headers)).status).to.equal(403);
      });

      it('answers 401 to a token that another secret has signed', async () => {
        const headers = bearer(await tokenOf(`another-${SECRET}`));
        expect((await read(url, 't', '', headers)).status).to.equal(401);
      });

      it('writes neither key nor token into the log', () => {
        const text = JSON.stringify(server.lines) + server.stderr();
        expect(text).to.not.include(API_KEY);
        expect(text).to.not.include(SECRET);
      });
    });
  }

  it('answers 503 to a token while the server of the keys cannot be reached', async () => {
    // Nothing listens on port 9, the discard port.
    const env = { AUTH_JWKS_URL: 'http://127.0.0.1:9/keys', API_KEY };
    const server = await startServer({ env });
    const { privateKey } = await generateKeyPair('ES256');
    const token = await new SignJWT({})
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .setSubject('ada')
      .sign(privateKey);
    const { status, body } = await read(server.url, 't', '', bearer(token));
    await server.stop();
    expect(status).to.equal(503);
    expect(body).to.include({ code: 'unavailable', retry: true });
  });

  describe('without a key outside development', () => {
    let server: ServerProcess;
    let url: string;
    before(async () => {
      server = await startServer({ env: { ENVIRONMENT: 'staging', AUTH_JWT_SECRET: SECRET } });
      ({ url } = server);
    });
    after(async () => {
      await (server as ServerProcess | undefined)?.stop();
    });

    it('answers 403 and says how to switch it on', async () => {
      for (const headers of [{}, key('any')]) {
        const { status, body } = await post(url, 't', message('m'), headers);
        expect(status).to.equal(403);
        expect(body).to.include({ code: 'forbidden' });
        expect(body['detail']).to.match(/API_KEY/);
      }
      expect((await read(url, 't')).status).to.equal(403);
    });

    it('still lets a user with a good token read', async () => {
      expect((await read(url, 't', '', bearer(await tokenOf(SECRET)))).status).to.equal(200);
    });
  });
});
