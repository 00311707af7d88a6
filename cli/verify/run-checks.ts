/** Greets a server and runs the checks, one after the other. */
import { socketUrl } from '../../client/sdk/connection/socket.js';
import { reasonOf } from '../../machines/reason.js';
import type { Bench, Check, Finding, VerifyClock } from './bench/check.js';
import { VerifyFault } from './bench/verify-fault.js';
import { checksOf } from './checks/checks.js';
import { notServing, reportIn, type Report } from './bench/report.js';
import { ServerDoor, type Reply } from './bench/server-door.js';
import type { VerifyOrder } from './verify-order.js';
import { SignInRefused, Wire, type WireOrder } from './bench/wire.js';

/** A check that was made. */
export interface Checked {
  readonly number: number;
  readonly name: string;
  readonly holds: boolean;
  readonly figure: string;
  readonly faults: readonly string[];
  readonly notes: readonly string[];
  readonly tookMs: number;
}

/** What came of it. */
export interface Outcome {
  /** The report of the server; null when there is no server that is ours. */
  readonly report: Report | null;
  /** Why nothing could be checked; null when something was. */
  readonly error: string | null;
  readonly checks: readonly Checked[];
  readonly isInterrupted: boolean;
}

/** Called while it goes on. */
export interface VerifyEvents {
  greeted(report: Report): void;
  begins(check: Pick<Check, 'number' | 'name'>): void;
  done(checked: Checked): void;
  /** A fault of the log was found while it watches. */
  readonly found: (fault: string) => void;
  readonly progress: (watchedMs: number, lines: number) => void;
}

/** What it works with. */
export interface VerifyWorld {
  readonly clock: VerifyClock;
  readonly signal: AbortSignal;
  /** Returns a text that no other run has. */
  readonly newRun: () => string;
}

/** Runs the checks of an order. */
export async function runChecks(
  order: VerifyOrder,
  world: VerifyWorld,
  events: VerifyEvents
): Promise<Outcome> {
  const { clock, signal } = world;
  const url = socketUrl(order.url);
  const door = new ServerDoor(url, signal, () => clock.elapsed());
  const isInterrupted = (): boolean => signal.aborted;
  const greeted = await greet(door).catch((error: unknown) => reasonOf(error));
  if (typeof greeted === 'string') {
    return { report: null, error: greeted, checks: [], isInterrupted: isInterrupted() };
  }
  events.greeted(greeted);
  const bench: Bench = {
    ...order,
    ...world,
    door,
    report: greeted,
    run: world.newRun(),
    connect: (wireOrder) => connect(url, order.token, wireOrder, () => clock.elapsed())
  };
  const { watchMs, only } = order;
  const { found, progress } = events;
  const away = notServing(greeted);
  const checks: Checked[] = [];
  for (const check of checksOf({ watchMs, found, progress })) {
    if (only !== null && !only.has(check.number)) continue;
    if (isInterrupted()) break;
    events.begins(check);
    const began = clock.elapsed();
    const {
      figure,
      faults,
      notes = []
    } = away !== null && check.isLive
      ? { figure: 'not tried', faults: [away] }
      : await run(check, bench);
    // What was interrupted has found nothing.
    if (isInterrupted() && check.number !== 1) break;
    const { number, name } = check;
    const tookMs = clock.elapsed() - began;
    const checked = { number, name, holds: faults.length === 0, figure, faults, notes, tookMs };
    checks.push(checked);
    events.done(checked);
  }
  return { report: greeted, error: null, checks, isInterrupted: isInterrupted() };
}

async function run(check: Check, bench: Bench): Promise<Finding> {
  try {
    return await check.run(bench);
  } catch (error) {
    if (error instanceof VerifyFault) return { figure: 'failed', faults: [error.message] };
    return { figure: 'failed', faults: [`this command has a fault: ${reasonOf(error)}`] };
  }
}

/** Gets the report. @throws {VerifyFault} when there is no Rollcall */
async function greet(door: ServerDoor): Promise<Report> {
  const reply = await door.ask('status').catch((error: unknown) => {
    throw new VerifyFault(
      `no server answers at ${door.base}: ${reasonOf(error).replace('/status: ', '')}`
    );
  });
  const report = reportIn(reply.body);
  if (report !== null) return report;
  throw new VerifyFault(`what answers at ${door.base} is no Rollcall: ${strange(reply)}`);
}

function strange({ status, header, body }: Reply): string {
  const place = header('location');
  if (status >= 300 && status < 400) {
    return `/status sends elsewhere (${String(status)}${place === null ? '' : ` ${place}`}): give that address`;
  }
  if (status === 502 || status === 503 || status === 504) {
    return `a proxy answers ${String(status)}, and nothing behind it does`;
  }
  const what = body === null ? (header('content-type') ?? 'no type') : 'JSON that is no report';
  return `/status is answered ${String(status)}, ${what}`;
}

async function connect(
  url: string,
  token: string | undefined,
  wireOrder: WireOrder | undefined,
  elapsed: () => number
): Promise<Wire> {
  if (wireOrder?.token !== undefined) {
    return await Wire.open(url, { token: wireOrder.token ?? undefined }, elapsed);
  }
  try {
    return await Wire.open(url, { token }, elapsed);
  } catch (error) {
    if (!(error instanceof SignInRefused)) throw error;
    throw new VerifyFault(
      token === undefined
        ? 'the server asks for a token: give --token, with "scope":"probe" (docs/access.md)'
        : `the token is refused: ${error.message}`
    );
  }
}
