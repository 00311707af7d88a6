/**
 * Measures how much memory an idle connection and a known thread take: the growth of the resident size, divided by
 * their number.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { resident, type Resident } from './cores.js';
import type { Figure } from './figures.js';
import { Publishes } from './publishes.js';
import { validityOf } from './slices.js';
import { isOurs, Target, type TargetKind, type TargetOptions } from './target.js';
import { Tally, type RawSocket } from './wire.js';

/** Publishes in flight at once while the threads are created. */
const WINDOW = 1_024;

/** A change of memory up to this counts as none. */
const SAME_BYTES = 262_144;
const SETTLE_WITHIN_MS = 20_000;

/** Longest wait until the last thread is evicted. */
const PASSIVE_WITHIN_MS = 180_000;

/** Waits until the memory of a process has not changed for this long. */
export async function settled(pid: number, settleMs: number): Promise<Resident> {
  const deadline = performance.now() + SETTLE_WITHIN_MS;
  let before = resident(pid);
  let sameSince = performance.now();
  while (performance.now() < deadline && performance.now() - sameSince < settleMs) {
    await wait(Math.min(250, settleMs));
    const now = resident(pid);
    if (Math.abs(now.all - before.all) > SAME_BYTES) {
      before = now;
      sameSince = performance.now();
    }
  }
  return resident(pid);
}

/** Memory of idle connections with one subscription each: all to the same thread, or each to its own. */
export async function idleConnections(
  options: TargetOptions,
  how: {
    readonly connections: number;
    readonly isOneThread: boolean;
    readonly atMostBytes: number;
    readonly settleMs: number;
    readonly tell: (line: string) => void;
  }
): Promise<Figure> {
  const { connections, isOneThread, atMostBytes, tell } = how;
  const target = await Target.start(options);
  const tally = new Tally();
  let sockets: RawSocket[] = [];
  try {
    const before = await settled(target.pid, how.settleMs);
    const threads = Array.from({ length: connections }, (_, index) =>
      isOneThread ? 'one' : `own-${String(index)}`
    );
    sockets = await target.connectAll(threads, tally);
    const after = await settled(target.pid, how.settleMs);
    const bytes = (after.all - before.all) / connections;
    const scenario = `memory of an idle connection, ${isOneThread ? 'all in one thread' : 'each in its own thread'}`;
    tell(
      `${scenario} ${target.kind}: ${Math.round(bytes).toLocaleString('en')} bytes ` +
        `(${mb(before.all)} → ${mb(after.all)} MB)`
    );
    return memoryFigure(scenario, target.kind, bytes, atMostBytes, tally);
  } finally {
    for (const socket of sockets) socket.close();
    await target.stop();
  }
}

/** Memory of threads with one message and no subscriber, after Rollcall has evicted them. */
export async function knownThreads(
  options: TargetOptions,
  how: {
    readonly threads: number;
    readonly atMostBytes: number;
    readonly settleMs: number;
    readonly tell: (line: string) => void;
  }
): Promise<Figure[]> {
  const { threads, atMostBytes, tell } = how;
  const target = await Target.start(options);
  const tally = new Tally();
  try {
    const publisher = await target.connect(null, tally);
    const before = await settled(target.pid, how.settleMs);
    let mostActive = 0;
    const watch = setInterval(() => {
      void activeThreads(target.port).then((active) => {
        mostActive = Math.max(mostActive, active);
        tell(
          `known threads: ${tally.acks.toLocaleString('en')} acked, ${String(active)} active, ${mb(resident(target.pid).own)} MB`
        );
      });
    }, 5_000);
    const startedMs = performance.now();
    await publishToEach(publisher, threads, tally);
    tell(
      `known threads: ${Math.round((threads / (performance.now() - startedMs)) * 1_000).toLocaleString('en')} new threads/s`
    );
    const deadline = performance.now() + PASSIVE_WITHIN_MS;
    let active = await activeThreads(target.port);
    while (active > 0 && performance.now() < deadline) {
      await wait(1_000);
      active = await activeThreads(target.port);
    }
    clearInterval(watch);
    if (active > 0) tally.errors.push(`${String(active)} threads are still active`);
    const after = await settled(target.pid, how.settleMs);
    const bytes = (after.all - before.all) / threads;
    const ownBytes = (after.own - before.own) / threads;
    tell(
      `known threads: ${bytes.toFixed(1)} bytes each (${ownBytes.toFixed(1)} without mapped files), ` +
        `${mb(before.all)} → ${mb(after.all)} MB, at most ${String(mostActive)} active`
    );
    const scenario = 'memory of a known thread, none active';
    return [
      memoryFigure(scenario, target.kind, ownBytes, atMostBytes, tally),
      memoryFigure(`${scenario}, with mapped pages of the log`, target.kind, bytes, null, tally)
    ];
  } finally {
    await target.stop();
  }
}

function publishToEach(publisher: RawSocket, threads: number, tally: Tally): Promise<void> {
  return new Promise((resolve) => {
    let next = 0;
    const publish = (): void => {
      const thread = `known-${String(next++)}`;
      // Nobody subscribes. With `stored` that is no fault; without it each thread would open an incident.
      publisher.send(new Publishes('rollcall', thread, 200, { expect: 'stored' }).next());
    };
    publisher.onAck = () => {
      if (next < threads) publish();
      else if (tally.acks === threads) resolve();
    };
    while (next < Math.min(WINDOW, threads)) publish();
  });
}

async function activeThreads(port: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${String(port)}/status`);
  const status: unknown = await response.json();
  return typeof status === 'object' &&
    status !== null &&
    'threads' in status &&
    typeof status.threads === 'object' &&
    status.threads !== null &&
    'active' in status.threads
    ? Number(status.threads.active)
    : NaN;
}

function memoryFigure(
  scenario: string,
  server: TargetKind,
  bytes: number,
  atMostBytes: number | null,
  tally: Tally
): Figure {
  const limit = isOurs(server) ? atMostBytes : null;
  return {
    scenario,
    server,
    value: bytes,
    unit: 'bytes',
    cpuUs: null,
    base: null,
    ratio: null,
    cpuRatio: null,
    target: limit === null ? null : `≤ ${limit.toLocaleString('en')}`,
    isMet: limit === null ? null : bytes <= limit,
    validity: validityOf(tally)
  };
}

function mb(bytes: number): string {
  return (bytes / 1_048_576).toFixed(1);
}
