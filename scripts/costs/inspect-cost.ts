/**
 * Measures what the inspector costs the chat: CPU time of the server for each message that is published, delivered and
 * acknowledged, and for each time that a thread is joined and left, because that moves charts. It compares the
 * inspector switched off, on with nobody watching, with a viewer of the tree, recording, and with a viewer of
 * everything. All servers are up at once and are measured in turns, in an order that changes from round to round.
 * `npm run inspect-cost`, `-- --quick` for a short look.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import { INSPECT_SUBPROTOCOL } from '../../protocol/inspection.js';
import { startServer, type ServerProcess } from '../../spec/e2e/servers/server-process.js';
import { WireClient } from '../../spec/e2e/wire/wire-client.js';
import { cpuMs } from '../bench/cores.js';
import { median } from '../bench/figures.js';

/** Work of one slice. It takes some hundred milliseconds of CPU time, which the system reports in steps of ten. */
const FULL = { rounds: 12, messages: 10_000, joins: 3_000 };
const QUICK = { rounds: 5, messages: 2_000, joins: 500 };
const IN_FLIGHT = 200;
const THREADS = 50;

/**
 * How the compared servers differ. Each ratio is to the first. The second is the same as the first: the distance of its
 * ratio from 1 is the error of the measurement.
 */
const SITUATIONS = [
  'off',
  'off, once more',
  'nobody watches',
  'one viewer',
  'recording',
  'one viewer of all'
] as const;

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const size = values.quick ? QUICK : FULL;
if (!existsSync(fileURLToPath(new URL('../../dist', import.meta.url)))) {
  throw new Error('dist is missing: run `npm run build` first');
}

/** One server under load. */
interface Subject {
  readonly situation: (typeof SITUATIONS)[number];
  readonly server: ServerProcess;
  readonly publisher: WireClient;
  readonly visitor: WireClient;
  readonly cpuUsPerMessage: number[];
  readonly cpuUsPerJoin: number[];
}

let mids = 0;

/** Connects an inspector that sends a request; resolves once the server has accepted it. */
async function look(url: string, request: object): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/inspect/ws`, [INSPECT_SUBPROTOCOL]);
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('open', () => {
      socket.send(JSON.stringify(request));
    });
    socket.on('message', (data: Buffer) => {
      if (data.toString().includes('"inspect.reply"')) resolve();
    });
  });
  return socket;
}

async function start(situation: Subject['situation']): Promise<Subject> {
  const server = await startServer({
    env: { INSPECT: situation.startsWith('off') ? 'off' : 'on', LIMIT_PUBLISH_PER_SECOND: '0' }
  });
  // Wait until the first second is over, in which the startup is recorded.
  await server.line('Rollcall is serving');
  if (situation === 'recording') {
    (await look(server.url, { type: 'inspect.record', id: 1, on: true })).close();
  }
  if (situation.startsWith('one viewer')) {
    const everything = situation === 'one viewer of all';
    await look(server.url, { type: 'inspect.watch', id: 1, threads: [], everything });
  }
  const publisher = await WireClient.connect(server.url, 'ada');
  const reader = await WireClient.connect(server.url, 'bob');
  // As usual, each thread that is published to has a subscriber. Other threads are joined and left.
  for (let n = 0; n < THREADS; n++) await reader.subscribe(`busy-${String(n)}`);
  reader.socket.removeAllListeners('message');
  const visitor = await WireClient.connect(server.url, 'eve');
  return { situation, server, publisher, visitor, cpuUsPerMessage: [], cpuUsPerJoin: [] };
}

/** CPU time that a server needs for some work, in microseconds per piece. */
async function costOf(
  { server }: Subject,
  pieces: number,
  work: () => Promise<void>
): Promise<number> {
  const before = cpuMs(server.pid);
  await work();
  return ((cpuMs(server.pid) - before) * 1_000) / pieces;
}

async function publishAll({ publisher }: Subject): Promise<void> {
  const each = Math.ceil(size.messages / THREADS);
  for (let n = 0; n < THREADS; n++) {
    const some = Array.from({ length: each }, () => `m${String((mids += 1))}`);
    await publisher.publishAll(`busy-${String(n)}`, some, IN_FLIGHT);
  }
  // Drop the received frames: they are not needed, and searching them would take ever longer.
  publisher.all.length = 0;
}

async function joinAll({ visitor }: Subject): Promise<void> {
  for (let n = 0; n < size.joins; n++) {
    const thread = `visited-${String(n % THREADS)}`;
    await visitor.subscribe(thread);
    await visitor.ask({ type: 'unsubscribe', thread });
  }
  visitor.all.length = 0;
}

function row(subject: Subject, first: Subject): string {
  const cells = (['cpuUsPerMessage', 'cpuUsPerJoin'] as const).map((what) => {
    const [own, other] = [subject[what], first[what]];
    const ratio = median(own.map((cost, round) => cost / (other[round] ?? NaN)));
    return `${median(own).toFixed(1)} µs (× ${ratio.toFixed(2)})`.padEnd(20);
  });
  return `| ${subject.situation.padEnd(17)} | ${cells.join(' | ')} |`;
}

const subjects: Subject[] = [];
try {
  for (const situation of SITUATIONS) subjects.push(await start(situation));
  for (let round = 0; round <= size.rounds; round++) {
    const from = round % subjects.length;
    for (const subject of [...subjects.slice(from), ...subjects.slice(0, from)]) {
      const message = await costOf(subject, size.messages, () => publishAll(subject));
      const join = await costOf(subject, size.joins, () => joinAll(subject));
      // The first round only warms up the servers.
      if (round === 0) continue;
      subject.cpuUsPerMessage.push(message);
      subject.cpuUsPerJoin.push(join);
    }
    process.stderr.write(`round ${String(round)} of ${String(size.rounds)}\n`);
  }
  const [first] = subjects;
  if (first === undefined) throw new Error('nothing was measured');
  process.stdout.write(
    [
      'CPU time of the server, medians; in brackets the median of the paired ratios to the inspector switched off',
      `| ${'inspector'.padEnd(17)} | ${'a message'.padEnd(20)} | ${'a join and a leave'.padEnd(20)} |`,
      `| ${'-'.repeat(17)} | ${'-'.repeat(20)} | ${'-'.repeat(20)} |`,
      ...subjects.map((subject) => row(subject, first))
    ].join('\n') + '\n'
  );
} finally {
  await Promise.all(subjects.map(({ server }) => server.stop('SIGKILL')));
}
process.exit();
