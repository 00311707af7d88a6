/** A real Prometheus with `deploy/prometheus/` reads a server; each query of `deploy/grafana/rollcall.json` finds data in it. */
import { expect } from 'chai';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startServer, type ServerProcess } from '../e2e/servers/server-process.js';
import { until } from '../e2e/servers/until.js';
import { WireClient } from '../e2e/wire/wire-client.js';
import { freePorts } from '../free-ports.js';
import { findProgram, requireTool } from '../require.js';

const at = (name: string): string =>
  fileURLToPath(new URL(`../../deploy/${name}`, import.meta.url));

/** What Grafana puts in place of its variable; longer than the spec, so that all that happened in it counts. */
const RATE_INTERVAL = '5m';

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets?: readonly { readonly expr: string }[];
  }[];
}

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] };
}

const { panels } = JSON.parse(readFileSync(at('grafana/rollcall.json'), 'utf8')) as Dashboard;

describe('Prometheus with deploy/prometheus', function () {
  this.timeout(90_000);
  let folder: string;
  let server: ServerProcess;
  let receiver: Server;
  let prometheus: ChildProcess;
  let url: string;
  const clients: WireClient[] = [];

  before(async function () {
    const program = findProgram('prometheus');
    requireTool(this, 'prometheus', program !== undefined, 'it reads the metrics of a server');
    folder = await mkdtemp(join(tmpdir(), 'rollcall-prometheus-'));
    receiver = createServer((_, reply) => reply.end());
    receiver.listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    server = await startServer({
      env: {
        AGENTS: 'echo',
        AGENT_ECHO_WORDS_PER_SECOND: '1000',
        WEBHOOK_URL: `http://127.0.0.1:${String((receiver.address() as AddressInfo).port)}/`,
        WEBHOOK_SECRET: 'a-secret-of-the-specs-of-webhooks-and-metrics'
      }
    });
    writeSite(folder, new URL(server.url).host);
    const [port] = await freePorts(1);
    url = `http://127.0.0.1:${String(port)}`;
    prometheus = spawn(
      program!,
      [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${String(port)}`
      ],
      { stdio: 'ignore' }
    );
  });
  after(async () => {
    for (const { socket } of clients) socket.terminate();
    if ((prometheus as ChildProcess | undefined) !== undefined && prometheus.exitCode === null) {
      prometheus.kill('SIGKILL');
      await once(prometheus, 'close');
    }
    await (server as ServerProcess | undefined)?.stop();
    (receiver as Server | undefined)?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const ask = async (query: string): Promise<Answer> => {
    const path = `${url}/api/v1/query?query=${encodeURIComponent(query)}`;
    const answer = await fetch(path).catch(() => null);
    // It answers 503 until it has read its own store.
    if (answer?.ok !== true) return { status: 'away', data: { result: [] } };
    return (await answer.json()) as Answer;
  };

  it('reads the server, and every panel of the dashboard has figures', async () => {
    await until(
      () => ask('up{job="rollcall"}'),
      ({ data }) => data.result[0]?.value[1] === '1'
    );
    // Only what happens between two scrapes has a rate.
    await use(server.url, clients);
    const hasFigure = async (expr: string): Promise<boolean> => {
      const { status, data } = await ask(expr.replaceAll('$__rate_interval', RATE_INTERVAL));
      return status === 'success' && data.result.some(({ value }) => value[1] !== 'NaN');
    };
    const left = new Set(panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)));
    expect(left.size).to.be.at.least(panels.length);
    await until(
      async () => {
        for (const expr of left) if (await hasFigure(expr)) left.delete(expr);
        return [...left];
      },
      (without) => without.length === 0
    );
    expect((await ask('rollcall_of_no_metric')).data.result).to.eql([]);
  });

  it('takes the rules, and no alert of a healthy server fires', async () => {
    const rules = await until(
      async () =>
        (await (await fetch(`${url}/api/v1/rules`)).json()) as {
          data: { groups: { rules: { health: string; state: string }[] }[] };
        },
      ({ data }) =>
        data.groups.flatMap((group) => group.rules).every(({ health }) => health === 'ok')
    );
    const states = rules.data.groups.flatMap((group) => group.rules).map(({ state }) => state);
    expect(states).to.have.length.above(10);
    expect(states).to.not.include('firing');
  });
});

/** Writes the files of `deploy/prometheus/` for a server, with short intervals. */
function writeSite(folder: string, host: string): void {
  const text = readFileSync(at('prometheus/prometheus.yml'), 'utf8');
  const places = { ': 15s': ': 1s', 'rollcall:8080': host };
  const changed = Object.entries(places).reduce((site, [from, to]) => {
    expect(site).to.include(from);
    return site.replaceAll(from, to);
  }, text);
  writeFileSync(join(folder, 'prometheus.yml'), changed);
  writeFileSync(join(folder, 'rules.yml'), readFileSync(at('prometheus/rules.yml')));
}

/** Uses what has metrics: messages, a replay, a run. */
async function use(url: string, clients: WireClient[]): Promise<void> {
  const [ada, bob] = [await WireClient.connect(url, 'ada'), await WireClient.connect(url, 'bob')];
  clients.push(ada, bob);
  await bob.subscribe('club');
  await ada.publish('club', 'one');
  await ada.subscribe('club', 'start');
  await ada.subscribe('agent-club');
  await ada.publish('agent-club', 'question');
  await ada.next((frame) => frame.kind === 'agent_completed');
}
