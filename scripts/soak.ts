/**
 * A long run under an even load: a real server with its defaults, people who stay and guests who come and go. Once a
 * minute it prints what the server's memory consists of. `npm run soak -- --minutes 120 --messages 95 --guests 6`, with
 * `--snapshots <folder>` a heap snapshot after the first fifth and one at the end. One line a sample; exit code 0 when
 * nothing was lost, no client got an error and nothing was logged at level warn or above, 1 when not, 2 for wrong
 * usage. Linux.
 */
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { LOG_FOLDER } from '../server/config/config.js';
import {
  startServer,
  temporaryDir,
  type ServerProcess
} from '../spec/e2e/servers/server-process.js';
import { statusOf } from '../spec/e2e/servers/until.js';
import { exported } from './kill-proof/read-back.js';
import { Crowd } from './soak/crowd.js';
import { InspectedHeap } from './soak/inspected-heap.js';
import { childrenMemory, mappedMemory } from './soak/mapped-memory.js';

const USAGE =
  'Usage: npm run soak -- [--minutes <number>] [--messages <per second>] [--guests <per second>] ' +
  '[--clickhouse embedded|off] [--snapshots <folder>]';

const MINUTE_MS = 60_000;
const MIB = 1_048_576;

/** Before one sample in so many, garbage is collected, so that it shows the memory really in use. */
const COLLECT_EVERY = 10;

/** Longest wait for the last acks and deliveries after the load has ended. */
const SETTLE_MS = 10_000;

interface Wanted {
  readonly minutes: number;
  readonly messages: number;
  readonly guests: number;
  readonly clickhouse: string;
  readonly snapshots: string | null;
}

/** Reads the flags; returns a sentence when they are wrong. */
function wanted(args: string[]): Wanted | string {
  try {
    const { values } = parseArgs({
      args,
      options: {
        minutes: { type: 'string', default: '120' },
        messages: { type: 'string', default: '95' },
        guests: { type: 'string', default: '6' },
        clickhouse: { type: 'string', default: 'embedded' },
        snapshots: { type: 'string' }
      }
    });
    const [minutes, messages, guests] = [values.minutes, values.messages, values.guests].map(
      Number
    );
    if (!(Number(minutes) > 0 && Number(messages) > 0 && Number(guests) >= 0)) {
      return '--minutes, --messages and --guests must be positive numbers';
    }
    if (values.clickhouse !== 'embedded' && values.clickhouse !== 'off') {
      return `--clickhouse must be embedded or off, not ${values.clickhouse}`;
    }
    return {
      minutes: Number(minutes),
      messages: Number(messages),
      guests: Number(guests),
      clickhouse: values.clickhouse,
      snapshots: values.snapshots ?? null
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Prints one sample, in MiB. */
async function sample(
  minute: number,
  server: ServerProcess,
  heap: InspectedHeap,
  crowd: Crowd
): Promise<void> {
  const isCollected = minute % COLLECT_EVERY === 0;
  if (isCollected) await heap.collect();
  const usage = await heap.usage();
  const memory = mappedMemory(server.pid);
  const { status, monitor, threads } = await statusOf(server.url);
  const mib = (bytes: number): string => (bytes / MIB).toFixed(1);
  process.stdout.write(
    `${String(minute).padStart(4)} min  rss ${mib(memory.all)} = own ${mib(memory.own)} + log pages ${mib(memory.log)}` +
      ` + programs ${mib(memory.files)}  heap ${mib(usage.heapUsed)}${isCollected ? ' (collected)' : ''}` +
      ` of ${mib(usage.heapTotal)}, buffers ${mib(usage.arrayBuffers)}` +
      `  children ${mib(childrenMemory(server.pid))}` +
      `  threads ${String(threads.active)} guests ${String(crowd.guests)}` +
      `  delivered ${String(crowd.delivered)} faults ${String(crowd.faultCount)}` +
      `  ${status}${monitor.issues.length > 0 ? ` ${JSON.stringify(monitor.issues)}` : ''}\n`
  );
}

/**
 * Compares the log of the stopped server with what was acked. Returns sentences, none when nothing is missing. A guest
 * that left before its ack came has a message more in the log.
 */
async function losses(dataDir: string, crowd: Crowd): Promise<string[]> {
  const stored = await exported(join(dataDir, LOG_FOLDER), [...crowd.acked.keys()]);
  return [...crowd.acked].flatMap(([thread, acked]) => {
    const kept = stored.get(thread)?.length ?? 0;
    return kept >= acked ? [] : [`${thread}: ${String(acked)} acked, ${String(kept)} in the log`];
  });
}

async function soak(options: Wanted): Promise<boolean> {
  const cli = fileURLToPath(new URL('../dist/cli/cli.js', import.meta.url));
  const env: Record<string, string> = { LIMIT_CONNECTIONS_PER_ADDRESS: '0' };
  env['CLICKHOUSE_URL'] = options.clickhouse === 'off' ? 'off' : '';
  const dataDir = await temporaryDir();
  const server = await startServer({
    env,
    dataDir,
    entry: ['--inspect=127.0.0.1:0', cli, 'start']
  });
  const address = /ws:\/\/\S+/.exec(server.stderr())?.[0];
  if (address === undefined) throw new Error('Node printed no address of its inspector');
  const heap = await InspectedHeap.open(address);
  const crowd = new Crowd({
    url: server.url,
    messagesPerSecond: Math.max(1, options.messages - 2 * options.guests),
    guestsPerSecond: options.guests
  });
  const snapshot = async (name: string): Promise<void> => {
    if (options.snapshots === null) return;
    mkdirSync(options.snapshots, { recursive: true });
    await heap.snapshot(join(options.snapshots, `${name}.heapsnapshot`));
  };
  try {
    await crowd.begin();
    const startedMs = performance.now();
    for (let minute = 1; minute <= Math.ceil(options.minutes); minute += 1) {
      await delay(startedMs + Math.min(minute, options.minutes) * MINUTE_MS - performance.now());
      await sample(minute, server, heap, crowd);
      if (minute === Math.ceil(options.minutes / 5)) await snapshot('early');
    }
    crowd.rest();
    const untilMs = performance.now() + SETTLE_MS;
    while (crowd.unacked > 0 && performance.now() < untilMs) await delay(100);
    await snapshot('end');
    crowd.end();
    // Node does not end while somebody is connected to its inspector.
    heap.close();
    await server.stop();
    const lost = await losses(dataDir, crowd);
    const said = server.lines.filter(({ level }) => level === 'warn' || level === 'error');
    const faults = [
      ...crowd.faults,
      ...lost,
      ...(crowd.unacked > 0 ? [`${String(crowd.unacked)} publishes had no answer`] : []),
      ...said.map(({ level, message }) => `log: ${level}: ${message}`)
    ];
    const acked = [...crowd.acked.values()].reduce((sum, count) => sum + count, 0);
    process.stdout.write(
      `${String(acked)} acked, ${String(crowd.delivered)} received in order by residents, ` +
        `${String(crowd.guests)} guests; ${faults.length === 0 ? 'no fault' : `faults:\n  ${faults.join('\n  ')}`}\n`
    );
    return faults.length === 0;
  } finally {
    heap.close();
    crowd.end();
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function delay(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}

const options = wanted(process.argv.slice(2));
if (typeof options === 'string') {
  process.stderr.write(`${options}\n${USAGE}\n`);
  process.exitCode = 2;
} else {
  process.exitCode = (await soak(options)) ? 0 : 1;
}
