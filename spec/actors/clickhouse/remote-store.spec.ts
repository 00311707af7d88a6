import { expect } from 'chai';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { systemClock, type Clock } from '../../../actors/clock.js';
import { REMOTE_PING_TIMEOUT_MS, RemoteStore } from '../../../actors/clickhouse/remote-store.js';
import { migrate, SCHEMA_VERSION } from '../../../actors/clickhouse/schema.js';
import { sqlString, StoreError } from '../../../actors/clickhouse/store.js';
import {
  CLICKHOUSE_PASSWORD as PASSWORD,
  ClickhouseServer,
  requireClickhouseServer
} from '../../clickhouse-server.js';
import { VirtualClock } from '../../virtual-clock.js';

/** A header that every version of ClickHouse sends. */
const AS_CLICKHOUSE = { 'x-clickhouse-server-display-name': 'fake' };

/** Long enough for headers on loopback, short enough to wait for. */
const ATTEMPT_MS = 300;

const NEVER = new AbortController().signal;

async function rejection(work: Promise<unknown>): Promise<StoreError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  }
  return expect.fail('it was expected to reject');
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : expect.fail('no port');
}

describe('RemoteStore', () => {
  const sockets = new Set<Socket>();
  const servers: Server[] = [];
  const stores: RemoteStore[] = [];

  async function listen(server: Server): Promise<number> {
    servers.push(server);
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return portOf(server);
  }
  const storeAt = (port: number, database = 'rollcall', clock: Clock = systemClock) => {
    const store = new RemoteStore(
      `http://ada:${encodeURIComponent(PASSWORD)}@127.0.0.1:${String(port)}/${database}`,
      clock
    );
    stores.push(store);
    return store;
  };
  const answering = async (listener: RequestListener) =>
    storeAt(await listen(createHttpServer(listener)));

  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
    for (const socket of sockets) socket.destroy();
    await Promise.all(
      servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve)))
    );
  });

  for (const url of [
    'not a url',
    'tcp://ada:hush@db:9000/x',
    'http://ada:hush@db:8123/x?log_level=TRACE'
  ]) {
    it(`refuses ${url.replace('hush', '…')} without repeating it`, () => {
      expect(() => new RemoteStore(url))
        .to.throw(StoreError, /CLICKHOUSE_URL/)
        .and.satisfy((error: Error) => !error.message.includes('hush'));
    });
  }

  it('says where nobody answers when the port refuses', async () => {
    const closed = createServer();
    const port = await listen(closed);
    await new Promise((resolve) => closed.close(resolve));
    const error = await rejection(storeAt(port).connect(NEVER));
    expect(error.code).to.equal('refused');
    expect(error.message).to.equal(
      `nothing answers at 127.0.0.1:${String(port)} (ECONNREFUSED): start ClickHouse there or correct CLICKHOUSE_URL`
    );
  });

  it('lets go of a server that never answers when the attempt is aborted', async () => {
    const attempt = new AbortController();
    const server = createServer(() => {
      attempt.abort();
    });
    const store = storeAt(await listen(server));
    const error = await rejection(store.connect(attempt.signal));
    expect(error.code).to.equal('timeout');
    expect(error.permanent).to.equal(false);
    expect((await rejection(store.ping())).code).to.equal('closed');
  });

  for (const [kind, body] of [
    [
      'new',
      `Code: 516. DB::Exception: ada: Authentication failed, not ${PASSWORD}. (AUTHENTICATION_FAILED) (version 24.8.1)`
    ],
    [
      'old',
      `Code: 193, e.displayText() = DB::Exception: Wrong password for user ada: ${PASSWORD}, e.what() = DB::Exception`
    ]
  ] as const) {
    it(`says that authentication failed, for good, when a server of the ${kind} kind refuses the password`, async () => {
      const store = await answering((_, response) => response.writeHead(403).end(body));
      const error = await rejection(store.connect(NEVER));
      expect(error.code).to.equal('auth');
      expect(error.permanent).to.equal(true);
      expect(error.message).to.contain('authentication failed').and.not.to.contain(PASSWORD);
    });
  }

  it('keeps the password out of what it passes on from a server', async () => {
    const store = await answering((_, response) => response.writeHead(500).end(`odd: ${PASSWORD}`));
    const error = await rejection(store.connect(NEVER));
    expect(error.message).to.contain('odd: ***');
    expect(JSON.stringify([error.message, error.stack])).not.to.contain(PASSWORD);
  });

  it('sends user, password and database, and asks for 64-bit integers as text', async () => {
    let seen = { authorization: '', url: '' };
    const store = await answering((request, response) => {
      seen = { authorization: String(request.headers.authorization), url: String(request.url) };
      response.writeHead(200, AS_CLICKHOUSE).end('{"version":"24.8"}\n');
    });
    expect(await store.connect(NEVER)).to.deep.equal({ version: '24.8' });
    expect(seen.authorization).to.equal(
      `Basic ${Buffer.from(`ada:${PASSWORD}`).toString('base64')}`
    );
    expect(seen.url).to.contain('database=rollcall');
    expect(seen.url).to.contain('output_format_json_quote_64bit_integers=1');
  });

  for (const [kind, status, page] of [
    ['an empty page', 200, ''],
    ['a page of HTML', 200, '<html><body>back soon</body></html>'],
    ['lines of HTML', 200, '<html>\n<body>back soon</body>\n</html>\n'],
    ['JSON of another kind', 200, '{"version":"24.8"}\n'],
    ['an error page', 503, '<html>\n<h1>503 Service Unavailable</h1>\n</html>\n']
  ] as const) {
    it(`does not take ${kind} for ClickHouse, be it at first or later`, async () => {
      let isClickhouse = false;
      const store = await answering((_, response) => {
        if (isClickhouse) response.writeHead(200, AS_CLICKHOUSE).end('{"version":"24.8"}\n');
        else response.writeHead(status, { 'content-type': 'text/html' }).end(page);
      });
      const error = await rejection(store.connect(NEVER));
      expect([error.code, error.permanent]).to.deep.equal(['foreign', false]);
      expect(error.message).to.match(/^what answers at 127.0.0.1:\d+ is not ClickHouse/);
      isClickhouse = true;
      await store.connect(NEVER);
      isClickhouse = false;
      for (const work of [
        () => store.ping(),
        () => store.query('SELECT 1'),
        () => store.command('CREATE TABLE x (a UInt8) ENGINE = Memory'),
        () => store.insert('x', ['a'], [{ a: 1 }])
      ]) {
        expect((await rejection(work())).code).to.equal('foreign');
      }
    });
  }

  it('gives a ping up after its time, in which a sleep of this process does not count', async () => {
    const clock = new VirtualClock();
    let asked: () => void = () => undefined;
    let isSilent = false;
    const port = await listen(
      createHttpServer((_, response) => {
        if (!isSilent) response.writeHead(200, AS_CLICKHOUSE).end('{"version":"24.8"}\n');
        asked();
      })
    );
    const store = storeAt(port, 'rollcall', clock);
    await store.connect(NEVER);
    isSilent = true;
    const isAsked = new Promise<void>((resolve) => (asked = resolve));
    let failed: string | null = null;
    const ping = rejection(store.ping()).then(({ code }) => (failed = code));
    await isAsked;
    await clock.sleep(10 * REMOTE_PING_TIMEOUT_MS);
    await clock.advance(REMOTE_PING_TIMEOUT_MS - 1);
    expect(failed).to.equal(null);
    await clock.advance(1);
    expect(await ping).to.equal('timeout');
    expect(clock.waiting).to.equal(0);
  });

  for (const [kind, part] of [
    ['headers and never a body', ''],
    ['half of a body and never the rest', '{"version":']
  ] as const) {
    it(`lets go of a server that sends ${kind} when the attempt is aborted`, async () => {
      const store = await answering((_, response) => {
        response.writeHead(200, AS_CLICKHOUSE);
        response.flushHeaders();
        if (part !== '') response.write(part);
      });
      const error = await rejection(store.connect(AbortSignal.timeout(ATTEMPT_MS)));
      expect(error.code).to.equal('timeout');
      expect((await rejection(store.ping())).code).to.equal('closed');
    });
  }

  describe('against clickhouse-server (the oldest dialect)', function () {
    this.timeout(60_000);
    let server: ClickhouseServer | undefined;

    before(async function () {
      server = await ClickhouseServer.start(requireClickhouseServer(this));
    });

    after(() => server?.stop());

    const storeOf = (database = 'default') =>
      storeAt(server?.port ?? expect.fail('there is no server'), database);

    it('makes the schema, twice, and gives back what was inserted', async () => {
      const store = storeOf();
      expect((await store.connect(NEVER)).version).to.match(/^\d+\.\d+/);
      await migrate(store, 1);
      await migrate(store, 2);
      expect(await store.query('SELECT version, at FROM schema_version')).to.deep.equal([
        { version: SCHEMA_VERSION, at: '1' }
      ]);
      const row = {
        thread: 't1',
        epoch: 'x1',
        offset: '9007199254740993',
        mid: 'm1',
        user: "o'brien",
        kind: 'user_message',
        body: '{"text":"it\'s \\\\ hí"}',
        text: "it's \\ hí",
        at: '1767225600123'
      };
      const columns = Object.keys(row);
      await store.insert('messages', [columns[0] ?? '', ...columns.slice(1)], [row, row]);
      expect(
        await store.query(`SELECT * FROM messages FINAL WHERE user = ${sqlString("o'brien")}`)
      ).to.deep.equal([{ day: '2026-01-01', ...row }]);
    });

    it('names the cause when the password, the database or the statement is wrong', async () => {
      const wrong = new RemoteStore(server?.url('default', 'wrong') ?? '');
      expect((await rejection(wrong.connect(NEVER))).code).to.equal('auth');
      expect((await rejection(storeOf('nope').connect(NEVER))).code).to.equal('database');
      const store = storeOf();
      await store.connect(NEVER);
      const error = await rejection(store.query('SELECT * FROM nowhere'));
      expect(error.code).to.equal('query');
      expect(error.message).to.contain('code 60');
    });

    it('fails its pings when the server is killed', async () => {
      const store = storeOf();
      await store.connect(NEVER);
      await store.ping();
      await server?.kill();
      expect((await rejection(store.ping())).code).to.be.oneOf(['lost', 'refused']);
      expect((await rejection(store.ping())).code).to.equal('refused');
    });
  });
});
