import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import {
  ANSWER_BYTES_MAX,
  ANSWER_MS,
  createReceiver,
  REDIRECTS_MAX,
  type Lookup,
  type Outcome,
  type ReceiverOptions
} from '../../../actors/webhooks/receiver.js';
import { VirtualClock } from '../../virtual-clock.js';

interface Got {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const SECRET = 'a secret of a spec';

/** A receiver that answers as the spec says. */
class Stage {
  readonly got: Got[] = [];
  readonly clock = new VirtualClock();
  answer: (response: ServerResponse, url: string) => void = (response) => response.end();
  port = 0;
  #server: Server | null = null;
  #sender: ReturnType<typeof createReceiver> | null = null;

  async open(): Promise<void> {
    this.#server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8');
      request.on('data', (chunk: string) => (body += chunk));
      request.on('end', () => {
        const { url = '', headers } = request;
        this.got.push({ url, headers, body });
        this.answer(response, url);
      });
    });
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.port = (this.#server.address() as AddressInfo).port;
  }

  send(options: Partial<ReceiverOptions> = {}, signal = new AbortController().signal) {
    this.#sender = createReceiver({
      url: new URL(`http://127.0.0.1:${String(this.port)}/hook`),
      secret: SECRET,
      allowPrivate: true,
      clock: this.clock,
      version: '1.2.3',
      ...options
    });
    return this.#sender.send({ id: 'evt_1', body: '{"a":"ü"}', signal });
  }

  async close(): Promise<void> {
    this.#sender?.close();
    this.#server?.closeAllConnections();
    this.#server?.close();
    if (this.#server !== null) await once(this.#server, 'close');
  }
}

const failure = (reason: string, isOwn = false, retryAfterMs: number | null = null): Outcome => ({
  taken: false,
  reason,
  isOwn,
  retryAfterMs
});

describe('createReceiver', () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = new Stage();
    await stage.open();
  });
  afterEach(() => stage.close());

  it('sends JSON whose id, time and body are signed', async () => {
    expect(await stage.send()).to.deep.equal({ taken: true });
    const [got] = stage.got;
    const seconds = String(Math.floor(stage.clock.now() / 1_000));
    const mac = createHmac('sha256', SECRET).update(`evt_1.${seconds}.{"a":"ü"}`).digest('base64');
    expect(got?.body).to.equal('{"a":"ü"}');
    expect(got?.headers).to.include({
      'content-type': 'application/json',
      'webhook-id': 'evt_1',
      'webhook-timestamp': seconds,
      'webhook-signature': `v1,${mac}`,
      'user-agent': 'rollcall/1.2.3'
    });
  });

  it('takes a secret in base64, as libraries of Standard Webhooks write it', async () => {
    const key = Buffer.from('0123456789abcdef0123456789abcdef');
    await stage.send({ secret: `whsec_${key.toString('base64')}` });
    const headers: IncomingHttpHeaders = stage.got[0]?.headers ?? {};
    const mac = createHmac('sha256', key)
      .update(`evt_1.${String(headers['webhook-timestamp'])}.{"a":"ü"}`)
      .digest('base64');
    expect(headers['webhook-signature']).to.equal(`v1,${mac}`);
  });

  for (const [status, isOwn] of [
    [400, true],
    [413, true],
    [422, true],
    [401, false],
    [404, false],
    [410, false],
    [429, false],
    [500, false],
    [302, false]
  ] as const) {
    it(`counts ${String(status)} as ${isOwn ? 'about the event' : 'about all events'}`, async () => {
      stage.answer = (response) => response.writeHead(status).end('secrets of the receiver');
      const words =
        status === 302 ? 'answered 302, a redirect that would not be a POST any more' : null;
      expect(await stage.send()).to.deep.equal(
        failure(words ?? `answered ${String(status)}`, isOwn)
      );
      expect(stage.got).to.have.length(1);
    });
  }

  it('reads how long the receiver asks to wait', async () => {
    stage.answer = (response) => response.writeHead(503, { 'retry-after': '7' }).end();
    expect(await stage.send()).to.deep.equal(failure('answered 503', false, 7_000));
    const at = new Date(stage.clock.now() + 60_000).toUTCString();
    stage.answer = (response) => response.writeHead(503, { 'retry-after': at }).end();
    expect(await stage.send()).to.include({ retryAfterMs: 60_000 });
  });

  /** Sends, and lets the time for an answer pass once the request has arrived. */
  async function late(answer: Stage['answer']): Promise<Outcome> {
    const arrived = new Promise<void>((resolve) => {
      stage.answer = (response, url) => {
        answer(response, url);
        resolve();
      };
    });
    const outcome = stage.send();
    await arrived;
    await stage.clock.advance(ANSWER_MS);
    return outcome;
  }

  const tooLate = failure('has not answered within 10 s');

  it('gives a receiver up that hangs', async () => {
    expect(await late(() => undefined)).to.deep.equal(tooLate);
  });

  it('gives a receiver up whose head drips', async () => {
    expect(
      await late((response) => response.socket?.write('HTTP/1.1 200 OK\r\nx: '))
    ).to.deep.equal(tooLate);
  });

  it('takes the status of an answer whose body never ends, and closes its connection', async () => {
    const closed = new Promise<void>((resolve) => {
      stage.answer = (response) => {
        response.on('close', resolve);
        response.writeHead(200);
        response.write('drip');
      };
    });
    expect(await stage.send()).to.deep.equal({ taken: true });
    await stage.clock.advance(ANSWER_MS);
    await closed;
  });

  it('does not read a huge answer', async () => {
    let sent = 0;
    const closed = new Promise<void>((resolve) => {
      stage.answer = (response) => {
        response.on('close', resolve);
        response.writeHead(200);
        const more = (): void => {
          sent += ANSWER_BYTES_MAX;
          if (!response.destroyed) response.write(Buffer.alloc(ANSWER_BYTES_MAX), more);
        };
        more();
      };
    });
    expect(await stage.send()).to.deep.equal({ taken: true });
    await closed;
    // What the sockets between the two hold is the system's.
    expect(sent).to.be.lessThan(64 * 1_048_576);
  });

  it('says that nobody is there', async () => {
    const { port } = stage;
    await stage.close();
    const url = new URL(`http://127.0.0.1:${String(port)}/`);
    expect(await stage.send({ url })).to.deep.equal(failure('cannot be reached (ECONNREFUSED)'));
    await stage.open();
  });

  it('ends at once when it is stopped', async () => {
    const stop = new AbortController();
    stage.answer = () => {
      stop.abort();
    };
    expect(await stage.send({}, stop.signal)).to.include({ taken: false });
  });

  it('follows a redirect that keeps the method, with the same id and body', async () => {
    stage.answer = (response, url) => {
      if (url === '/hook') response.writeHead(308, { location: '/new' }).end();
      else response.end();
    };
    expect(await stage.send()).to.deep.equal({ taken: true });
    expect(stage.got.map(({ url, body }) => [url, body])).to.deep.equal([
      ['/hook', '{"a":"ü"}'],
      ['/new', '{"a":"ü"}']
    ]);
  });

  it('follows no circle', async () => {
    stage.answer = (response) => response.writeHead(307, { location: '/hook' }).end();
    expect(await stage.send()).to.deep.equal(
      failure(`redirected more than ${String(REDIRECTS_MAX)} times`)
    );
    expect(stage.got).to.have.length(REDIRECTS_MAX + 1);
  });

  it('refuses a redirect to another scheme, or to nowhere', async () => {
    stage.answer = (response) => response.writeHead(307, { location: 'ftp://elsewhere/' }).end();
    expect(await stage.send()).to.include({
      reason: 'redirected to ftp://elsewhere, which is less safe'
    });
    stage.answer = (response) => response.writeHead(307).end();
    expect(await stage.send()).to.include({ reason: 'redirected to nowhere' });
  });

  const allow = 'set WEBHOOK_ALLOW_PRIVATE=true if it may';

  it('connects to no private address unless it may', async () => {
    expect(await stage.send({ allowPrivate: false })).to.deep.equal(
      failure(`has a private address (127.0.0.1): ${allow}`)
    );
    expect(stage.got).to.deep.equal([]);
  });

  /** Names that have the address of this machine, or of another one. */
  const resolving =
    (addresses: Readonly<Record<string, readonly string[]>>): Lookup =>
    (host, _, done) => {
      const found = (addresses[host] ?? []).map((address) => ({ address, family: 4 }));
      done(found.length > 0 ? null : new Error('not found'), found);
    };

  it('connects to no name that has a private address, even beside a public one', async () => {
    const lookup = resolving({ 'hook.example': ['1.1.1.1', '127.0.0.1'] });
    const url = new URL(`http://hook.example:${String(stage.port)}/`);
    expect(await stage.send({ url, lookup, allowPrivate: false })).to.deep.equal(
      failure(`has a private address (hook.example is 127.0.0.1): ${allow}`)
    );
    expect(await stage.send({ url, lookup: resolving({ 'hook.example': ['127.0.0.1'] }) }))
      .to //
      .deep.equal({ taken: true });
    expect(stage.got).to.have.length(1);
  });

  it('says that a name has no address', async () => {
    const url = new URL('http://nowhere.example/');
    expect(await stage.send({ url, lookup: resolving({}) })).to.deep.equal(
      failure('cannot be reached (not found)')
    );
  });
});
