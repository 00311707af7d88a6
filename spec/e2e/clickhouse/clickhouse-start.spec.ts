/** Starts whole servers with a broken ClickHouse at CLICKHOUSE_URL, as a required and as an optional service. */
import { expect } from 'chai';
import { readdir, rm } from 'node:fs/promises';
import { CONNECT_ATTEMPTS } from '../../../machines/clickhouse/clickhouse-settings.js';
import { ClickhouseServer, requireClickhouseServer } from '../../clickhouse-server.js';
import { BAD_KINDS, startBadClickhouse, type BadClickhouse } from './bad-clickhouse.js';
import { ClickhouseGate } from './clickhouse-gate.js';
import { get } from '../http/http-answer.js';
import {
  launchServer,
  startServer,
  temporaryDir,
  type LaunchedServer,
  type ServerProcess
} from '../servers/server-process.js';
import { statusOf, untilStatus } from '../servers/until.js';
import { WireClient } from '../wire/wire-client.js';

/** CLICKHOUSE_TIMEOUT_MS of the servers whose attempt is to time out. */
const TIMEOUT_MS = 400;

/** Delay of each answer of a slow ClickHouse; connecting takes about 15 answers. */
const SLOW_MS = 40;
const PATIENT_TIMEOUT_MS = 10_000;

const TIMED_OUT = 'no answer within 400 ms \\(CLICKHOUSE_TIMEOUT_MS\\)';

/** The reason that is logged for each kind; `wrongPassword` and `tooSlow` use a real ClickHouse. */
const REASONS: Readonly<Record<(typeof BAD_KINDS)[number] | 'wrongPassword' | 'tooSlow', string>> =
  {
    refusing:
      'nothing answers at 127\\.0\\.0\\.1:\\d+ \\(ECONNREFUSED\\): start ClickHouse there or',
    hanging: TIMED_OUT,
    halfHanging: TIMED_OUT,
    nonsense: 'what answers at 127\\.0\\.0\\.1:\\d+ is not ClickHouse: ',
    closing: '127\\.0\\.0\\.1:\\d+ closed the connection',
    wrongPassword: 'authentication failed at 127\\.0\\.0\\.1:\\d+ \\(code \\d+\\): correct user',
    tooSlow: TIMED_OUT
  };

/** Failures that only an operator can repair, so the server does not retry at once. */
const PERMANENT: readonly string[] = ['wrongPassword'];

/**
 * Returns CLICKHOUSE_TIMEOUT_MS for a kind. A refusal comes at once, but on a busy machine not always within 400 ms:
 * the attempt would time out, and the log would give that as the reason.
 */
const timeoutMsOf = (kind: string): number =>
  Object.entries(REASONS).some(([of, reason]) => of === kind && reason === TIMED_OUT)
    ? TIMEOUT_MS
    : PATIENT_TIMEOUT_MS;

/** A server that requires ClickHouse, with how its start ended. */
interface Ended {
  readonly server: LaunchedServer;
  readonly dataDir: string;
  readonly code: number | null;
}

describe('a start with something bad at CLICKHOUSE_URL', function () {
  this.timeout(120_000);
  let clickhouse: ClickhouseServer | undefined;
  let gate: ClickhouseGate | undefined;
  const bad = new Map<string, BadClickhouse>();
  const urls = new Map<string, string>();
  const urlOf = (kind: string): string => urls.get(kind) ?? expect.fail('it was not started');

  before(async function () {
    clickhouse = await ClickhouseServer.start(requireClickhouseServer(this));
    gate = await ClickhouseGate.start(clickhouse.port);
    gate.delayMs = TIMEOUT_MS + 200;
    urls.set('wrongPassword', clickhouse.url('default', 'hush'));
    urls.set('tooSlow', gate.url(clickhouse.url()));
    for (const kind of BAD_KINDS) {
      const one = await startBadClickhouse(kind);
      bad.set(kind, one);
      urls.set(kind, one.url);
    }
  });
  after(async () => {
    for (const one of bad.values()) await one.stop();
    await gate?.shut();
    await clickhouse?.stop();
  });

  describe('where it is required', () => {
    const launched: LaunchedServer[] = [];
    const ends = new Map<string, Ended>();
    const of = (kind: string): Ended => ends.get(kind) ?? expect.fail('it has not ended');

    before(async () => {
      // All run at the same time, since nearly all of their time is waiting.
      await Promise.all(
        Object.keys(REASONS).map(async (kind) => {
          const dataDir = await temporaryDir();
          const server = await launchServer({
            dataDir,
            env: {
              CLICKHOUSE_URL: urlOf(kind),
              CLICKHOUSE_REQUIRED: 'true',
              CLICKHOUSE_TIMEOUT_MS: String(timeoutMsOf(kind))
            }
          });
          launched.push(server);
          ends.set(kind, { server, dataDir, code: await server.exit });
        })
      );
    });
    after(async () => {
      // A server that did not end has failed above; it must not outlive the spec.
      for (const server of launched) await server.stop('SIGKILL');
      for (const { dataDir } of ends.values()) await rm(dataDir, { recursive: true, force: true });
    });

    for (const [kind, reason] of Object.entries(REASONS)) {
      it(`ends with 3 and one CRITICAL line that says why, after so many attempts: ${kind}`, () => {
        const { server, code } = of(kind);
        const { lines } = server;
        expect(code).to.equal(3);
        const loud = lines.filter(({ level }) => level !== 'info');
        expect(loud.map(({ level }) => level)).to.deep.equal(['error']);
        const attempts = `attempt ${PERMANENT.includes(kind) ? '1' : String(CONNECT_ATTEMPTS)} of 5`;
        expect(loud[0]?.message).to.match(
          new RegExp(
            `^❌ CRITICAL: ClickHouse required but ${reason}.*\\(${attempts}\\): .*CLICKHOUSE_REQUIRED=false`
          )
        );
        expect(lines.filter(({ message }) => /services|health|serving/.test(message))).to.eql([]);
        expect(JSON.stringify(lines) + server.stderr()).not.to.include('hush');
      });

      it(`stops what had started and leaves nothing: ${kind}`, async () => {
        const { server, dataDir } = of(kind);
        const port = String((await server.line('Listening on'))['port']);
        const gone = await fetch(`http://127.0.0.1:${port}/livez`).catch((error: unknown) => error);
        expect(gone).to.be.instanceOf(TypeError);
        expect(await readdir(dataDir)).to.have.members(['log', 'log-mark.json']);
      });
    }

    it('tries again as often as it may and no more', () => {
      expect(bad.get('closing')?.connections()).to.equal(CONNECT_ATTEMPTS);
      expect(bad.get('hanging')?.connections()).to.equal(CONNECT_ATTEMPTS);
    });
  });

  describe('where it is optional', () => {
    let server: ServerProcess | undefined;
    const start = async (kind: string, timeoutMs: number | null) => {
      const timeout = timeoutMs === null ? {} : { CLICKHOUSE_TIMEOUT_MS: String(timeoutMs) };
      server = await startServer({ env: { CLICKHOUSE_URL: urlOf(kind), ...timeout } });
      return server;
    };
    afterEach(async () => {
      const { lines = [] } = server ?? {};
      expect(await server?.stop()).to.equal(0);
      server = undefined;
      expect(lines.filter(({ level }) => level !== 'info')).to.deep.equal([]);
    });

    for (const [kind, reason] of Object.entries(REASONS)) {
      it(`serves at once, degraded, and says why, once: ${kind}`, async () => {
        const { url, line, lines } = await start(kind, timeoutMsOf(kind));
        const said = await line('ClickHouse unavailable');
        expect(said.message).to.match(
          new RegExp(`^ℹ️ ClickHouse unavailable \\(optional\\): ${reason}`)
        );
        const status = await untilStatus(
          url,
          ({ services }) => typeof services[0]?.nextAttemptMs === 'number'
        );
        expect(status.status).to.equal('degraded');
        expect(status.reason).to.match(new RegExp(`^clickhouse: ${reason}`));
        expect(status.services[0]).to.include({ required: false, status: 'degraded', restarts: 0 });
        expect(status.services[0]?.error).to.match(new RegExp(`^${reason}`));
        expect(status.waitingFor).to.have.length(1);
        expect(status.waitingFor[0]).to.include({ what: 'clickhouse', of: null });
        expect(status.waitingFor[0]?.attempt).to.be.at.least(1);
        expect(status.waitingFor[0]?.nextAttemptMs).to.be.within(0, 60_000);
        expect((await get(`${url}/readyz`)).status).to.equal(200);
        const ada = await WireClient.connect(url, 'ada');
        expect(await ada.publish('room', 'm')).to.include({ type: 'ack' });
        await ada.close();
        if (!PERMANENT.includes(kind)) {
          await untilStatus(url, ({ waitingFor }) => (waitingFor[0]?.attempt ?? 0) > 2);
        }
        expect(lines.filter(({ message }) => message.includes('unavailable'))).to.have.length(1);
        expect(JSON.stringify([lines, status])).not.to.include('hush');
      });
    }

    it('serves while the first attempt goes on, and says that it does', async () => {
      const { url } = await start('hanging', null);
      const status = await statusOf(url);
      expect(status.status).to.equal('ready');
      expect(status.services[0]).to.include({ status: 'connecting', error: null });
      expect(status.waitingFor).to.have.length(1);
      expect(status.waitingFor[0]).to.deep.include({ attempt: 1, of: null, nextAttemptMs: null });
    });
  });

  describe('that is slow and not too slow', () => {
    for (const isRequired of [true, false]) {
      it(`is waited for where it is ${isRequired ? 'required' : 'optional'}`, async () => {
        const slow = gate ?? expect.fail('it was not started');
        slow.delayMs = SLOW_MS;
        const server = await startServer({
          env: {
            CLICKHOUSE_URL: urlOf('tooSlow'),
            CLICKHOUSE_REQUIRED: String(isRequired),
            CLICKHOUSE_TIMEOUT_MS: String(PATIENT_TIMEOUT_MS)
          }
        });
        try {
          await server.line('✅ ClickHouse connected');
          const status = await untilStatus(server.url, (all) => all.status === 'ready');
          expect(status.services[0]).to.include({ status: 'connected', required: isRequired });
          expect(server.lines.filter(({ level }) => level !== 'info')).to.deep.equal([]);
        } finally {
          expect(await server.stop()).to.equal(0);
        }
      });
    }
  });
});
