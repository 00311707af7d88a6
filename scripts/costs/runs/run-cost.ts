/**
 * Measures what streaming the answers of many runs costs: CPU of the server, the delay from the model's piece to the
 * client, and the time from a cancel to the closed request of the model. Beside it a bare server of server-sent events
 * does the same without a log. Both on the same machine in one run, so compare the ratios.
 * `npm run run-cost`, `-- --runs 200 --watchers 5 --rate 20 --seconds 10`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import { startServer } from '../../../spec/e2e/servers/server-process.js';
import { cpuMs } from '../../bench/cores.js';
import { startProvider, TIME_IN_PIECE, type Provider } from './provider.js';

/** Time before the measurement, in milliseconds: everything runs and is compiled then. */
const WARM_MS = 3_000;

/** Longest time until all runs stream. */
const BEGIN_MS = 15_000;

/** Runs that are cancelled one after the other. */
const CANCELS = 20;

/** Connections that are opened at once. */
const AT_ONCE = 50;

const CLI = fileURLToPath(new URL('../../../dist/cli/cli.js', import.meta.url));
const RELAY = fileURLToPath(new URL('bare-relay.ts', import.meta.url));
const MOST = '1000000';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '200' },
    watchers: { type: 'string', default: '5' },
    rate: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '10' }
  }
});
const [runs = 200, watchers = 5, rate = 20, seconds = 10] = [
  values.runs,
  values.watchers,
  values.rate,
  values.seconds
].map((text) => Math.max(1, Math.min(10_000, Math.floor(Number(text)) || 1)));
if (!existsSync(CLI)) throw new Error('dist is missing: run `npm run build` first');

/** Delays of pieces while the measurement runs. */
class Delays {
  isOn = false;
  frames = 0;
  readonly all: number[] = [];

  /** Notes the pieces in what a client got. */
  take(data: string): void {
    if (!this.isOn) return;
    this.frames += 1;
    const now = performance.now();
    for (const [, at] of data.matchAll(TIME_IN_PIECE)) this.all.push(now - Number(at));
  }
}

interface Measured {
  readonly name: string;
  readonly cpuPercent: number;
  readonly p50: number;
  readonly p99: number;
  readonly framesPerSecond: number;
  readonly piecesPerSecond: number;
  /** How busy this process was, in percent of a core: near 100 it delays what it measures. */
  readonly ownPercent: number;
}

async function inBatches(count: number, work: (n: number) => Promise<void>): Promise<void> {
  for (let from = 0; from < count; from += AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, n) => work(from + n));
    await Promise.all(batch);
  }
}

/** Waits until all runs stream, and measures. */
async function measured(
  name: string,
  pid: number,
  provider: Provider,
  delays: Delays
): Promise<Measured> {
  const until = performance.now() + BEGIN_MS;
  while (provider.open < runs) {
    if (performance.now() > until) throw new Error(`${name}: ${String(provider.open)} runs stream`);
    await wait(50);
  }
  await wait(WARM_MS);
  const [cpu, own, since] = [cpuMs(pid), process.cpuUsage(), performance.now()];
  delays.isOn = true;
  await wait(seconds * 1_000);
  delays.isOn = false;
  const ms = performance.now() - since;
  const { user, system } = process.cpuUsage(own);
  const sorted = delays.all.toSorted((one, other) => one - other);
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? NaN;
  return {
    name,
    cpuPercent: ((cpuMs(pid) - cpu) / ms) * 100,
    p50: at(0.5),
    p99: at(0.99),
    framesPerSecond: (delays.frames / ms) * 1_000,
    piecesPerSecond: (sorted.length / ms) * 1_000,
    ownPercent: (user + system) / 10 / ms
  };
}

async function rollcall(provider: Provider): Promise<{ all: Measured; cancels: number[] }> {
  const server = await startServer({
    env: {
      AGENTS: 'openai',
      AGENT_URL: provider.url,
      AGENT_MODEL: 'stub',
      AGENT_RUNS: '1000000',
      AGENT_RUNS_PER_USER: '1000000',
      AGENT_ANSWER_CHARS: '1048576',
      LIMIT_PUBLISH_PER_SECOND: '0',
      LIMIT_CONNECTIONS_PER_ADDRESS: MOST,
      LIMIT_UNAUTHENTICATED_PER_ADDRESS: MOST,
      LIMIT_CONNECTS_PER_ADDRESS: MOST
    }
  });
  const delays = new Delays();
  const sockets: WebSocket[] = [];
  const runOf = new Map<string, string>();
  const watch = async (n: number): Promise<void> => {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/ws`, {
      perMessageDeflate: false
    });
    sockets.push(socket);
    await once(socket, 'open');
    const thread = `run-${String(Math.floor(n / watchers))}`;
    const isReady = new Promise<void>((resolve) => {
      socket.on('message', (data: Buffer) => {
        const text = data.toString('latin1');
        if (text.includes('"chunk"')) {
          delays.take(text);
          const run = /"run":"(\w+)"/.exec(text)?.[1];
          if (run !== undefined) runOf.set(thread, run);
        } else if (text.includes('"caught_up"')) resolve();
        if (text.includes('"type":"ping"')) socket.send('{"type":"pong"}');
      });
    });
    socket.send(JSON.stringify({ type: 'connect', user: `u${String(n)}` }));
    socket.send(JSON.stringify({ type: 'subscribe', thread }));
    await isReady;
    if (n % watchers > 0) return;
    const mid = `ask-${String(n)}`;
    socket.send(
      JSON.stringify({ type: 'publish', thread, mid, agent: 'openai', body: { text: 'hi' } })
    );
  };
  try {
    await inBatches(runs * watchers, watch);
    const all = await measured('Rollcall', server.pid, provider, delays);
    const cancels: number[] = [];
    for (let n = 0; n < Math.min(CANCELS, runs); n++) {
      const run = runOf.get(`run-${String(n)}`);
      const closed = new Promise<number>((resolve) => (provider.onClosed = resolve));
      const sent = performance.now();
      sockets[n * watchers]?.send(JSON.stringify({ type: 'cancel', run }));
      cancels.push((await closed) - sent);
    }
    provider.onClosed = () => undefined;
    return { all, cancels: cancels.sort((one, other) => one - other) };
  } finally {
    for (const socket of sockets) socket.terminate();
    await server.stop();
  }
}

async function bare(provider: Provider): Promise<Measured> {
  const child = spawn(process.execPath, ['--import', 'tsx', RELAY, provider.url], {
    stdio: ['ignore', 'pipe', 'inherit']
  });
  const port = await new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).once('line', resolve);
  });
  const url = `http://127.0.0.1:${port}`;
  const agent = new Agent({ maxSockets: Infinity });
  const delays = new Delays();
  try {
    await inBatches(runs * watchers, async (n) => {
      const id = String(Math.floor(n / watchers));
      await new Promise<void>((resolve, reject) => {
        const request = get(`${url}/watch/${id}`, { agent }, (response) => {
          response.on('error', () => undefined);
          response.setEncoding('latin1').on('data', (data: string) => {
            delays.take(data);
          });
          resolve();
        });
        request.on('error', reject);
      });
    });
    await inBatches(runs, async (n) => {
      await (await fetch(`${url}/ask/${String(n)}`, { method: 'POST' })).arrayBuffer();
    });
    return await measured('bare SSE', child.pid ?? 0, provider, delays);
  } finally {
    child.kill('SIGKILL');
    agent.destroy();
    await once(child, 'close');
  }
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function print(one: Measured, other: Measured, cancels: readonly number[]): void {
  const line = (name: string, of: (m: Measured) => number, unit: string): string => {
    const [a, b] = [of(one), of(other)];
    return row([name, `${a.toFixed(1)}${unit}`, `${b.toFixed(1)}${unit}`, (a / b).toFixed(2)]);
  };
  const middle = cancels[Math.floor(cancels.length / 2)] ?? NaN;
  const lines = [
    `${String(runs)} runs, ${String(watchers)} watchers each, ${String(rate)} pieces a second each, ${String(seconds)} s`,
    '',
    row(['', one.name, other.name, 'ratio']),
    row(['---', '---', '---', '---']),
    line('CPU of the server', (m) => m.cpuPercent, ' %'),
    line('delay p50', (m) => m.p50, ' ms'),
    line('delay p99', (m) => m.p99, ' ms'),
    line('frames to clients a second', (m) => m.framesPerSecond, ''),
    line('pieces to clients a second', (m) => m.piecesPerSecond, ''),
    line('CPU of this generator', (m) => m.ownPercent, ' %'),
    '',
    `cancel to the closed request of the model: p50 ${middle.toFixed(1)} ms, at most ${(cancels.at(-1) ?? NaN).toFixed(1)} ms of ${String(cancels.length)}`
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

const provider = await startProvider(rate);
const { all, cancels } = await rollcall(provider);
while (provider.open > 0) await wait(20);
const other = await bare(provider);
await provider.stop();
print(all, other, cancels);
process.exit(0);
