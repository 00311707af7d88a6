/** `rollcall verify` against real servers: a healthy one, and one for each fault. */
import { createServer } from 'node:http';
import { expect } from 'chai';
import { CLOCK_MS } from '../../../cli/verify/checks/environment.js';
import { REGISTRATION_MS } from '../../../cli/verify/checks/of-report.js';
import type { VerifyClock } from '../../../cli/verify/bench/check.js';
import { KEY, PRODUCTION, SECRET, tokenOf } from '../access/doors.js';
import { startBadClickhouse, type BadClickhouse } from '../clickhouse/bad-clickhouse.js';
import {
  launchServer,
  startServer,
  type LaunchedServer,
  type ServerProcess
} from '../servers/server-process.js';
import { statusOf, until } from '../servers/until.js';
import { WireClient } from '../wire/wire-client.js';
import { somePage, startBadProxy, type BadProxy } from './bad-proxy.js';
import { ran } from './ran.js';

type Frame = Readonly<Record<string, unknown>>;

/** A server whose handlers were registered in time; a busy machine may need another start. */
async function startQuick(env: Readonly<Record<string, string>>): Promise<ServerProcess> {
  for (;;) {
    const server = await startServer({ env });
    const { handlers } = (await statusOf(server.url)) as unknown as {
      handlers: { registrationMs: number };
    };
    if (handlers.registrationMs < REGISTRATION_MS) return server;
    await server.stop();
  }
}

/** The nth message of a thread of the checks, counted over all connections. */
function nth(n: number, kind = 'user_message'): (frame: Frame) => boolean {
  let seen = 0;
  return (frame) => frame['type'] === 'message' && frame['kind'] === kind && ++seen === n;
}

describe('rollcall verify', function () {
  this.timeout(120_000);

  describe('against a server in production', () => {
    let server: ServerProcess;
    let proxy: BadProxy;
    let token: string;
    const verify = (only?: string, url = proxy.url) => ran(url, { token, apiKey: KEY, only });

    before(async () => {
      server = await startQuick({ ...PRODUCTION, AGENTS: 'echo' });
      proxy = await startBadProxy(server.url);
      token = await tokenOf('pia', { scope: 'probe' });
    });
    after(async () => {
      await (proxy as BadProxy | undefined)?.stop();
      await (server as ServerProcess | undefined)?.stop();
    });
    afterEach(() => {
      proxy.mend();
    });

    it('finds that all ten hold, twice, and leaves nothing behind that users see', async () => {
      for (const url of [server.url, proxy.url]) {
        const { code, ok, faults, checks, document, lines } = await verify(undefined, url);
        expect(faults).to.equal('');
        expect({ code, ok }).to.eql({ code: 0, ok: true });
        expect(checks.map(({ check }) => check)).to.eql([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        for (const { figure } of checks) expect(figure).to.not.equal('');
        expect(document).to.include({ environment: 'production', error: null, interrupted: false });
        expect(lines)
          .to.match(/^Rollcall .* production/)
          .and.to.include('All 10 hold.');
      }
      const user = await WireClient.open(server.url);
      await user.ask({ type: 'connect', token: await tokenOf('ada') });
      expect((await user.ask({ type: 'threads' }))['threads']).to.eql([]);
      await user.close();
      const { threads, monitor } = await statusOf(server.url);
      expect(threads).to.include({ waiting: 0, undelivered: 0 });
      expect(monitor.status).to.equal('healthy');
    });

    const chatFaults: readonly [
      what: string,
      frames: () => (frame: Frame) => readonly object[],
      RegExp
    ][] = [
      [
        'a frame that is lost',
        () => {
          const isLost = nth(3);
          return (frame) => (isLost(frame) ? [] : [frame]);
        },
        /^offset \d+ did not arrive$/m
      ],
      [
        'a frame that comes twice',
        () => {
          const isTwice = nth(3);
          return (frame) => (isTwice(frame) ? [frame, frame] : [frame]);
        },
        /^offset \d+ arrived twice$/m
      ],
      [
        'frames in the wrong order',
        () => {
          const isHeld = nth(3);
          let held: Frame | null = null;
          return (frame) => {
            if (isHeld(frame)) {
              held = frame;
              return [];
            }
            const after = held !== null && frame['type'] === 'message' ? [held] : [];
            if (after.length > 0) held = null;
            return [frame, ...after];
          };
        },
        /^offset \d+ arrived after a later one$/m
      ],
      [
        'an end of a run that comes twice',
        () => {
          const isEnd = nth(1, 'agent_completed');
          return (frame) => (isEnd(frame) ? [frame, { ...frame, offset: 9_999 }] : [frame]);
        },
        /^the run of echo has 2 ends$/m
      ],
      [
        'a piece of an answer that is lost',
        () => {
          let chunks = 0;
          return (frame) => (frame['type'] === 'chunk' && ++chunks === 1 ? [] : [frame]);
        },
        /^a piece of the answer of echo is missing$/m
      ]
    ];
    for (const [what, frames, words] of chatFaults) {
      it(`finds ${what} (check 2)`, async () => {
        proxy.wrong.frames = frames();
        const { bad, faults, code } = await verify('2');
        expect(faults).to.match(words);
        expect({ bad, code }).to.eql({ bad: [2], code: 1 });
      });
    }

    it('finds a proxy that buffers event streams, and one that knows no WebSocket (check 2)', async () => {
      proxy.wrong.isBuffering = true;
      const buffered = await verify('2');
      expect(buffered.faults).to.match(/a proxy holds it back \(proxy_buffering off\)/);
      proxy.mend();
      proxy.wrong.isWithoutUpgrade = true;
      const without = await verify('2');
      expect(without.faults).to.match(/the WebSocket: it answers 400/);
      expect([buffered.bad, without.bad]).to.eql([[2], [2]]);
    });

    it('finds a request that is answered 500 or by an error, and a connection closed with 1011 (check 5)', async () => {
      let times = 0;
      proxy.wrong.answers = (path) =>
        path === '/livez' && ++times === 7 ? { status: 500, body: 'oops' } : null;
      const { bad, faults } = await verify('5');
      expect({ bad, faults }).to.eql({ bad: [5], faults: 'GET /livez was answered 500' });
      proxy.mend();
      proxy.wrong.frames = (frame) =>
        frame['type'] === 'history'
          ? [{ ...frame, type: 'error', code: 'internal', message: 'x', retry: true }]
          : [frame];
      expect((await verify('5')).faults).to.include('history was answered internal');
      proxy.mend();
      proxy.wrong.closes = (frame) => (frame['type'] === 'history' ? 1011 : null);
      expect((await verify('5')).faults).to.include('a connection was closed with 1011');
    });

    it('finds a probe path that does not reach the server (check 8)', async () => {
      proxy.wrong.answers = (path) =>
        path === '/readyz' ? { status: 200, body: '<html>OK</html>' } : null;
      const { bad, faults } = await verify('8');
      expect(bad).to.eql([8]);
      expect(faults).to.match(/^\/readyz answers 200 with something that is not Rollcall's/);
    });

    it('finds a clock that is wrong (check 10)', async () => {
      const late: VerifyClock = {
        now: () => Date.now() - CLOCK_MS - 60_000,
        elapsed: () => performance.now(),
        wait: () => Promise.resolve()
      };
      const { bad, faults } = await ran(server.url, { token, apiKey: KEY, only: '10' }, late);
      expect(bad).to.eql([10]);
      expect(faults).to.match(/^its clock is [\d,]+ ms ahead of this one/);
    });

    it('says what a key or a token lacks', async () => {
      const wrongKey = await ran(server.url, { token, apiKey: 'wrong', only: '1,9' });
      expect(wrongKey.bad).to.eql([1, 9]);
      expect(wrongKey.faults).to.match(/^the API key is refused: 401 unauthorized/);
      const noKey = await ran(server.url, { token, only: '1' });
      expect(noKey.faults).to.match(/^the lines of the log are for operators: give --api-key/);
      const noToken = await ran(server.url, { apiKey: KEY, only: '2' });
      expect(noToken.faults).to.match(/^the server asks for a token: give --token/);
      const wrongToken = await ran(server.url, { token: 'wrong', apiKey: KEY, only: '2' });
      expect(wrongToken.faults).to.match(/^the token is refused: .*unauthorized/);
      const noProbe = await ran(server.url, {
        token: await tokenOf('ada'),
        apiKey: KEY,
        only: '2'
      });
      expect(noProbe.faults).to.include('reserved_thread').and.to.include('"scope":"probe"');
    });
  });

  describe('against a server in staging with faults of its own', () => {
    let server: ServerProcess;
    let token: string;

    before(async () => {
      server = await startServer({
        env: {
          ENVIRONMENT: 'staging',
          CLICKHOUSE_URL: 'off',
          AUTH_JWT_SECRET: SECRET,
          API_KEY: KEY,
          ACCESS: 'open',
          DELIVERY_GRACE_MS: '100',
          TEST_THREAD_PREFIXES: 'health_check_',
          LIMIT_WRONG_KEYS_PER_SECOND: '0'
        }
      });
      token = await tokenOf('ada');
    });
    after(async () => {
      await (server as ServerProcess | undefined)?.stop();
    });

    it('finds a message to a test thread that is not skipped (check 7)', async () => {
      const { bad, faults } = await ran(server.url, { token, apiKey: KEY, only: '7' });
      expect(bad).to.eql([7]);
      expect(faults).to.match(/^0 of 3 messages to startup_test_\S+ were skipped/);
    });

    it('finds that a user may read the thread of somebody else (check 9)', async () => {
      const { bad, faults } = await ran(server.url, { token, apiKey: KEY, only: '9' });
      expect(bad).to.eql([9]);
      expect(faults).to.match(/^a user may read a thread of somebody else: see ACCESS/);
    });

    it('finds a message that was not delivered, in the past and while it watches (check 1)', async () => {
      const ada = await WireClient.open(server.url);
      await ada.ask({ type: 'connect', token });
      let elapsed = 0;
      const clock: VerifyClock = {
        now: () => Date.now(),
        elapsed: () => elapsed,
        wait: async (ms) => {
          elapsed += ms;
          if (elapsed > ms) return;
          await ada.publish('real-orders', 'm1');
          await server.line('Cannot deliver message', 2);
        }
      };
      // The messages of check 7 were not delivered either.
      await server.line('Cannot deliver message');
      const { bad, faults, lines } = await ran(
        server.url,
        { token, apiKey: KEY, only: '1', watch: '30m' },
        clock
      );
      expect(bad).to.eql([1]);
      expect(faults).to.match(
        /error: Cannot deliver message: .* \[startup_test_\S+\] → http\S+\/runbook\.html#incident-cannot-deliver/
      );
      expect(faults).to.include('[real-orders]');
      expect(lines).to.include('15:00 of 30:00');
      expect(elapsed).to.equal(30 * 60_000);
      await ada.close();
    });
  });

  describe('against a server that waits for a required ClickHouse', () => {
    let server: LaunchedServer;
    let clickhouse: BadClickhouse;
    let url = '';

    before(async () => {
      clickhouse = await startBadClickhouse('hanging');
      server = await launchServer({
        env: {
          CLICKHOUSE_URL: clickhouse.url,
          CLICKHOUSE_REQUIRED: 'true',
          CLICKHOUSE_TIMEOUT_MS: '60000',
          PORT: '0'
        }
      });
      const { port } = await server.line('Listening on');
      url = `http://127.0.0.1:${String(port)}`;
      await until(
        async () => (await statusOf(url)).startup.phases,
        (phases) =>
          phases.some(({ name, startedAtMs }) => name === 'services' && startedAtMs !== null)
      );
    });
    after(async () => {
      await (server as LaunchedServer | undefined)?.stop('SIGKILL');
      await (clickhouse as BadClickhouse | undefined)?.stop();
    });

    it('says that it is still starting, and what it waits for (checks 4, 6, 8, 10)', async () => {
      const { code, bad, checks } = await ran(url);
      expect(code).to.equal(1);
      expect(bad).to.include.members([2, 4, 5, 6, 7, 8, 9, 10]);
      const faultOf = (number: number) => checks.find(({ check }) => check === number)?.faults[0];
      expect(faultOf(2)).to.match(
        /^the server is still starting: phase services, which waits for clickhouse/
      );
      expect(faultOf(4)).to.match(/^ClickHouse is connecting.*it is required$/);
      expect(faultOf(6)).to.equal('services is running, not done');
      expect(faultOf(8)).to.equal('/startupz answers 503 initializing');
      expect(faultOf(10)).to.match(/^the server is initializing/);
    });
  });

  describe('where there is no server of ours', () => {
    it('says who answers instead', async () => {
      const page = createServer((_, reply) => {
        somePage(reply);
      });
      await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve));
      const address = page.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const strange = await ran(`ws://127.0.0.1:${String(port)}`);
      expect(strange).to.include({ code: 1, ok: false });
      expect(strange.error).to.match(/is no Rollcall: \/status is answered 200, text\/html$/);
      const tls = await ran(`wss://127.0.0.1:${String(port)}`);
      expect(tls.error).to.match(
        /^no server answers at .*it does not speak TLS: try http: or ws:$/
      );
      page.closeAllConnections();
      await new Promise((resolve) => page.close(resolve));
      const gone = await startBadProxy('http://127.0.0.1:1');
      await gone.stop();
      const nobody = await ran(gone.url);
      expect(nobody).to.include({ code: 1, ok: false });
      expect(nobody.error).to.match(/^no server answers at .*: nothing listens there$/);
    });
  });
});
