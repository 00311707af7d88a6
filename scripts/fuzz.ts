/**
 * Sends random, damaged and valid frames and HTTP requests to a built server of each engine, in sequences, and checks
 * every answer; then lets users of a server with `ACCESS=members` do a twentieth as many things, and checks that nobody
 * gets what it may not read. `npm run fuzz -- --count 1000000 --seed 7 --transport uws|ws|both`. Progress goes to
 * standard error, the verdict to standard output. Exit code 0 when every answer was in the tables and the server always
 * answered, closed all connections and used no more memory after the second half than after the first; 1 when not; 2
 * for wrong usage. The seed of a run is printed: it repeats what is sent, but not the timing of the connections.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startServer } from '../spec/e2e/servers/server-process.js';
import { ACCESS_FUZZED, fuzzAccess, fuzzServer } from './fuzz/fuzzed-server.js';
import type { FuzzReport } from './fuzz/fuzzer.js';
import { fuzzTwice, mb } from './fuzz/two-rounds.js';
import { InspectedHeap } from './soak/inspected-heap.js';

const USAGE =
  'Usage: npm run fuzz -- [--count <number>] [--seed <number>] [--transport uws|ws|both]';

const CLI = fileURLToPath(new URL('../dist/cli/cli.js', import.meta.url));

/** Longest time that a server may take to answer a ping. */
const PATIENCE_MS = 30_000;

/** Users make this many times fewer steps: each is a round trip, and after many the server is asked for the members. */
const ACCESS_SHARE = 20;

interface Wanted {
  readonly count: number;
  readonly seed: number;
  readonly transports: readonly string[];
}

/** Reads the flags; returns a sentence when they are wrong. */
function wanted(args: string[]): Wanted | string {
  try {
    const { values } = parseArgs({
      args,
      options: {
        count: { type: 'string', default: '1000000' },
        seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
        transport: { type: 'string', default: 'both' }
      }
    });
    const [count, seed] = [Number(values.count), Number(values.seed)];
    if (!Number.isSafeInteger(count) || count < 1)
      return `--count must be 1 or more, not ${values.count}`;
    if (!Number.isSafeInteger(seed)) return `--seed must be a whole number, not ${values.seed}`;
    if (!['uws', 'ws', 'both'].includes(values.transport)) {
      return `--transport must be uws, ws or both, not ${values.transport}`;
    }
    const transports = values.transport === 'both' ? ['uws', 'ws'] : [values.transport];
    return { count, seed, transports };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const options = wanted(process.argv.slice(2));
if (typeof options === 'string') {
  process.stderr.write(`${options}\n${USAGE}\n`);
  process.exitCode = 2;
} else if (!existsSync(CLI)) {
  process.stderr.write('dist is missing: run `npm run build` first\n');
  process.exitCode = 2;
} else {
  process.stdout.write(`seed ${String(options.seed)}\n`);
  const count = Math.ceil(options.count / options.transports.length);
  for (const transport of options.transports) {
    const progress = (sent: number): void => {
      if (sent % 50_000 < 500) process.stderr.write(`${transport}: ${String(sent)} sent\n`);
    };
    const shared = { seed: options.seed, patienceMs: PATIENCE_MS, progress };
    const server = await startServer({
      env: { TRANSPORT: transport, LIMIT_CONNECTIONS_PER_ADDRESS: '0' },
      entry: ['--inspect=127.0.0.1:0', CLI, 'start']
    });
    const heap = await InspectedHeap.open(/ws:\/\/\S+/.exec(server.stderr())?.[0] ?? '');
    const report = await fuzzTwice(
      { seed: options.seed, count },
      (half) => fuzzServer(server, { ...shared, ...half }),
      () => heap.inUse()
    );
    tell(transport, 'messages and requests', report);
    process.stdout.write(`  in use after each half: ${report.usedBytes.map(mb).join(', ')}\n`);
    // Node does not end while somebody is connected to its inspector.
    heap.close();
    await server.stop();
    const guarded = await startServer({ env: { TRANSPORT: transport, ...ACCESS_FUZZED } });
    const steps = Math.ceil(count / ACCESS_SHARE);
    tell(transport, 'steps of users', await fuzzAccess(guarded, { ...shared, count: steps }));
    await guarded.stop();
  }
}

/** Prints the result of one run. */
function tell(transport: string, what: string, report: FuzzReport): void {
  const answers = [...report.answers].sort(([, a], [, b]) => b - a);
  const { faultCount, faults } = report;
  process.stdout.write(
    `${transport}: ${String(report.sent)} ${what}\n` +
      `  answers: ${answers.map(([answer, times]) => `${answer} ${String(times)}`).join(', ')}\n` +
      `  ${faultCount === 0 ? 'no fault' : `${String(faultCount)} faults:\n    ${faults.join('\n    ')}`}\n`
  );
  if (faultCount > 0) process.exitCode = 1;
}
