/**
 * What the analytics sink costs the chat: the times of acknowledgements at a steady rate, without ClickHouse, with it,
 * while it is away, and while it catches up with a backlog; each in turns with a server that has none.
 * `npm run sink-cost -- --backlog 200000`.
 */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  startServer,
  temporaryDir,
  type ServerProcess
} from '../../spec/e2e/servers/server-process.js';
import { WireClient } from '../../spec/e2e/wire/wire-client.js';
import { median } from '../bench/figures.js';

/** Publishes per second in a slice: busy, but far below what a server can do. */
const RATE = 400;
const SLICE_MS = 4_000;
const ROUNDS = 5;

/** Publishes in flight while a backlog is made. */
const IN_FLIGHT = 400;

/** An address on this machine where nothing listens. */
const NOWHERE = 'http://127.0.0.1:9/none';

const { values } = parseArgs({ options: { backlog: { type: 'string', default: '200000' } } });
const backlog = Number(values.backlog);
if (!existsSync(fileURLToPath(new URL('../../dist', import.meta.url)))) {
  throw new Error('dist is missing: run `npm run build` first');
}

/** Times of acknowledgements in one slice, in milliseconds. */
interface Slice {
  readonly p50: number;
  readonly p99: number;
}

interface Row {
  readonly what: string;
  readonly own: readonly Slice[];
  readonly other: readonly Slice[];
}

let mids = 0;

/** Publishes at the steady rate for one slice and returns how long the acknowledgements took. */
async function slice(client: WireClient): Promise<Slice> {
  const times: number[] = [];
  const open: Promise<void>[] = [];
  const startedAt = performance.now();
  for (let sent = 0; sent < (RATE * SLICE_MS) / 1_000; sent += 1) {
    const dueAt = startedAt + (sent * 1_000) / RATE;
    while (performance.now() < dueAt) await new Promise((resolve) => setImmediate(resolve));
    const sentAt = performance.now();
    const thread = `steady-${String(sent % 20)}`;
    open.push(
      client.publish(thread, `s${String((mids += 1))}`, 'a message of some length').then((ack) => {
        if (ack.type !== 'ack') throw new Error(JSON.stringify(ack));
        times.push(performance.now() - sentAt);
      })
    );
  }
  await Promise.all(open);
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor(times.length * share)] ?? NaN;
  return { p50: at(0.5), p99: at(0.99) };
}

async function waiting(server: ServerProcess): Promise<number> {
  const body: unknown = await (await fetch(`${server.url}/status`)).json();
  if (typeof body !== 'object' || body === null || !('sink' in body)) throw new Error('no status');
  const { sink } = body;
  if (typeof sink !== 'object' || sink === null || !('backlog' in sink)) return 0;
  const { backlog: left } = sink;
  if (typeof left !== 'object' || left === null || !('threads' in left && 'facts' in left))
    return 0;
  return Number(left.threads) + Number(left.facts);
}

const env = { LIMIT_PUBLISH_PER_SECOND: '0', DELIVERY_GRACE_MS: '86400000' };
const servers: ServerProcess[] = [];

async function serve(clickhouse: string, dataDir?: string): Promise<ServerProcess> {
  const server = await startServer({
    env: { ...env, CLICKHOUSE_URL: clickhouse },
    ...(dataDir === undefined ? {} : { dataDir })
  });
  servers.push(server);
  if (clickhouse === '') await server.line('ClickHouse connected');
  return server;
}

/** Measures a server in turns with another, for some rounds or as long as a condition holds. */
async function inTurns(
  what: string,
  server: ServerProcess,
  other: WireClient,
  goesOn: (round: number) => Promise<boolean>
): Promise<Row> {
  const client = await WireClient.connect(server.url, 'ada');
  await client.subscribe('steady-0');
  const row: { what: string; own: Slice[]; other: Slice[] } = { what, own: [], other: [] };
  for (let round = 1; await goesOn(round); round += 1) {
    row.own.push(await slice(client));
    row.other.push(await slice(other));
    const last = row.own.at(-1);
    process.stderr.write(
      `${what}, ${String(round)}: p50 ${ms(last?.p50)}, p99 ${ms(last?.p99)} (without: p99 ${ms(row.other.at(-1)?.p99)})\n`
    );
  }
  await client.close();
  return row;
}

function ms(time: number | undefined): string {
  return time === undefined ? '?' : `${time.toFixed(2)} ms`;
}

function line({ what, own, other }: Row): string {
  const both = (pick: (slice: Slice) => number): string => {
    const ratio = median(own.map((one, round) => pick(one) / pick(other[round] ?? one)));
    return `${ms(median(own.map(pick)))} (× ${ratio.toFixed(2)})`;
  };
  return `| ${what.padEnd(28)} | ${both(({ p50 }) => p50).padEnd(18)} | ${both(({ p99 }) => p99).padEnd(18)} |`;
}

const dataDir = await temporaryDir();
try {
  const without = await serve('off');
  const other = await WireClient.connect(without.url, 'ada');
  await other.subscribe('steady-0');
  await slice(other);
  const fixed = (round: number): Promise<boolean> => Promise.resolve(round <= ROUNDS);
  const rows: Row[] = [];

  const away = await serve(NOWHERE, dataDir);
  rows.push(await inTurns('ClickHouse away', away, other, fixed));
  const filler = await WireClient.connect(away.url, 'bob');
  for (let done = 0; done < backlog; done += IN_FLIGHT) {
    const part = Array.from({ length: IN_FLIGHT }, (_, n) => `b${String(done + n)}`);
    await filler.publishAll(`backlog-${String((done / IN_FLIGHT) % 50)}`, part, IN_FLIGHT);
    // Drop the received frames: they are not needed, and searching them would take ever longer.
    filler.all.length = 0;
  }
  await away.stop();

  const startedAt = performance.now();
  const back = await serve('', dataDir);
  const catching = await inTurns(
    'catching up',
    back,
    other,
    async () => (await waiting(back)) > 100
  );
  const tookMs = performance.now() - startedAt;
  if (catching.own.length > 0) rows.push(catching);
  rows.push(await inTurns('ClickHouse there', back, other, fixed));
  process.stdout.write(
    [
      `acknowledgements at ${String(RATE)}/s, medians; in brackets the ratio to a server without ClickHouse`,
      `| ${'situation'.padEnd(28)} | ${'p50'.padEnd(18)} | ${'p99'.padEnd(18)} |`,
      ...rows.map(line),
      `${String(backlog)} messages and their facts were caught up within ${(tookMs / 1_000).toFixed(0)} s, both servers under load`
    ].join('\n') + '\n'
  );
} finally {
  await Promise.all(servers.map((server) => server.stop('SIGKILL')));
  await rm(dataDir, { recursive: true, force: true });
}
process.exit();
