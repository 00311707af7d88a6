/**
 * The part of row `known` that compares a log of a million threads with one of a thousand: the start, memory, a user's list of
 * threads, and the longest turn of the event loop. Rollcall is compared with itself.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { resident } from '../../cores.js';
import { quantile, type Figure } from '../../figures.js';
import { knownThread, LISTED_USER, makeKnownLog } from '../../known-log.js';
import { settled } from '../../memory.js';
import { Publishes } from '../../publishes.js';
import { Target } from '../../target.js';
import { clientFrame, Tally, type RawSocket } from '../../wire.js';
import { BODY_BYTES, type RowContext } from '../row.js';
import {
  atMost,
  figuresOf,
  inTurns,
  ratioAtMost,
  type Metric,
  type Sample,
  type Turn
} from '../turns.js';

const BYTES_PER_MB = 1_048_576;

/** Threads on a page of the list, and pages that are read one after the other. */
const PAGE = 50;
const PAGES_MAX = 100;

/** Threads that get a message, spread over all. */
const USED = 500;

const TURN_MS_MAX = 20;

const METRICS: readonly Metric[] = [
  { name: 'start to serving', key: 'servingMs', unit: 'ms', bar: ratioAtMost(1.1) },
  { name: 'own memory after the start', key: 'startedMb', unit: 'MB', bar: ratioAtMost(1.1) },
  { name: 'own memory after use', key: 'usedMb', unit: 'MB', bar: ratioAtMost(1.1) },
  { name: 'with mapped pages of the log', key: 'allMb', unit: 'MB', bar: null },
  { name: "a page of a user's threads, p50", key: 'list p50', unit: 'ms', bar: null },
  {
    name: "a page of a user's threads, longest",
    key: 'list max p99',
    unit: 'ms',
    bar: atMost(TURN_MS_MAX, 'ms')
  },
  {
    name: 'event-loop delay, longest',
    key: 'loop max p99',
    unit: 'ms',
    bar: atMost(TURN_MS_MAX, 'ms')
  }
];

/** Measures a build with many threads and with few in turns. */
export async function manyThreads(context: RowContext): Promise<Figure[]> {
  const { size, dir, untilMs, tell } = context;
  const scenario = `${size.knownThreads.toLocaleString('en')} known threads`;
  const few = `rollcall, ${size.fewThreads.toLocaleString('en')}`;
  const folders: string[] = [];
  const turnOf = async (threads: number, server: string): Promise<Turn> => {
    const dataDir = await mkdtemp(join(dir, 'rollcall-bench-known-'));
    folders.push(dataDir);
    tell(`${scenario}: making a log of ${threads.toLocaleString('en')}`);
    await makeKnownLog(dataDir, threads, BODY_BYTES);
    const tally = new Tally();
    const isOurs = server === 'rollcall';
    return { server, tally, isOurs, run: () => turn(context, dataDir, threads, tally) };
  };
  try {
    const turns = [await turnOf(size.knownThreads, 'rollcall'), await turnOf(size.fewThreads, few)];
    const how = { rounds: size.rounds, untilMs, warmUp: true, scenario, tell };
    const measured = await inTurns(turns, how);
    return METRICS.flatMap((metric) => figuresOf(scenario, metric, measured, few));
  } finally {
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  }
}

async function turn(
  { options, size }: RowContext,
  dataDir: string,
  threads: number,
  tally: Tally
): Promise<Sample> {
  let servingMs = 0;
  const startedMs = performance.now();
  const target = await Target.start({
    ...options('rollcall'),
    dataDir,
    isMetered: true,
    onLine: (line) => {
      if (line.includes('Rollcall is serving')) servingMs = performance.now() - startedMs;
    }
  });
  try {
    const started = await settled(target.pid, size.settleMs);
    const socket = await target.connect(null, tally, { user: LISTED_USER });
    // The code of a first request is not compiled yet, however many threads there are.
    await pages(socket, 1);
    await target.loopDelay();
    const tookMs = await pages(socket, PAGES_MAX);
    await use(socket, threads, tally);
    const { maxMs } = await target.loopDelay();
    const used = resident(target.pid);
    socket.close();
    return {
      servingMs,
      startedMb: started.own / BYTES_PER_MB,
      usedMb: used.own / BYTES_PER_MB,
      allMb: used.all / BYTES_PER_MB,
      'list p50': quantile(tookMs, 0.5),
      'list max p99': quantile(tookMs, 1),
      'loop max p99': maxMs
    };
  } finally {
    await target.stop('in order');
  }
}

/** Reads a user's list of threads page by page; returns how long each page took. */
async function pages(socket: RawSocket, most: number): Promise<number[]> {
  const tookMs: number[] = [];
  let place: object = {};
  for (let page = 1; page <= most; page++) {
    const startedMs = performance.now();
    const answer = socket.text('"type":"threads"');
    const frame = { type: 'threads', id: page, limit: PAGE, ...place };
    socket.send(clientFrame(JSON.stringify(frame)));
    const next = nextPlace(await answer);
    tookMs.push(performance.now() - startedMs);
    if (next === null) break;
    place = next;
  }
  return tookMs;
}

/** The position of the next page that a `threads` frame names; null after the last one. */
export function nextPlace(text: string): object | null {
  const frame: unknown = JSON.parse(text);
  const hasNext = typeof frame === 'object' && frame !== null && 'next' in frame;
  return hasNext && typeof frame.next === 'object' ? frame.next : null;
}

/** Publishes to threads that are spread over all; resolves once all is acknowledged. */
async function use(socket: RawSocket, threads: number, tally: Tally): Promise<void> {
  const count = Math.min(USED, threads);
  for (let index = 0; index < count; index++) {
    const acked = new Promise<void>((resolve) => (socket.onAck = resolve));
    const thread = knownThread(Math.floor((index * threads) / count));
    socket.send(new Publishes('rollcall', thread, BODY_BYTES, { expect: 'stored' }).next());
    await acked;
  }
  if (tally.acks < count) tally.lost += count - tally.acks;
}
