/**
 * Speed and memory beside bare uWebSockets.js, bare ws and socket.io, in one run: `npm run bench`. See docs/benchmarks.md.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { pickCores, pinSelf } from './bench/cores.js';
import { Audience } from './bench/fan-out.js';
import { table, type Figure } from './bench/figures.js';
import { gatherMembers } from './bench/members.js';
import { idleConnections, knownThreads } from './bench/memory.js';
import { compare, type Load } from './bench/slices.js';
import {
  isPeerKind,
  isRollcall,
  Target,
  type TargetKind,
  type TargetOptions
} from './bench/target.js';
import { Tally } from './bench/wire.js';

/** The sizes of one benchmark run. */
interface Size {
  readonly subscribers: number;
  readonly burst: number;
  readonly threads: number;
  readonly members: number;
  readonly connections: number;
  readonly knownThreads: number;
  readonly rounds: number;
  readonly sliceMs: number;
  /** How long memory must stay unchanged before it is read. */
  readonly settleMs: number;
}

const FULL: Size = {
  subscribers: 1_000,
  burst: 32,
  threads: 1_000,
  members: 5,
  connections: 10_000,
  knownThreads: 1_000_000,
  rounds: 7,
  sliceMs: 4_000,
  settleMs: 3_000
};
const QUICK: Size = {
  ...FULL,
  knownThreads: 50_000,
  connections: 2_000,
  rounds: 3,
  sliceMs: 1_500
};
/** Too small to measure speed; shows only that the benchmark works. */
const TINY: Size = {
  subscribers: 5,
  burst: 4,
  threads: 3,
  members: 2,
  connections: 10,
  knownThreads: 20,
  rounds: 1,
  sliceMs: 100,
  settleMs: 100
};

/** Bytes of each message's body as JSON. */
const BODY_BYTES = 200;
const CONNECTION_BYTES_MAX = 5_120;
const KNOWN_THREAD_BYTES_MAX = 200;
const SCENARIOS = ['fan-out', 'members', 'connections', 'known'] as const;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    tiny: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    unpinned: { type: 'boolean', default: false },
    only: { type: 'string', default: SCENARIOS.join(',') },
    peers: { type: 'string', default: 'uws,ws,socket.io' },
    rounds: { type: 'string' },
    cli: {
      type: 'string',
      default: fileURLToPath(new URL('../dist/cli/cli.js', import.meta.url))
    },
    /** The command line of another build, to measure beside this one: `dist/cli/cli.js` of an older checkout. */
    before: { type: 'string' },
    'node-options': { type: 'string', default: '' }
  }
});

const size = {
  ...(values.tiny ? TINY : values.quick ? QUICK : FULL),
  ...(values.rounds === undefined ? {} : { rounds: Number(values.rounds) })
};
const only = values.only.split(',');
const kinds: readonly TargetKind[] = [
  'rollcall',
  ...(values.before === undefined ? [] : (['before'] as const)),
  ...values.peers.split(',').filter((name) => isPeerKind(name))
];
const cores = values.unpinned ? null : pickCores();

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

function targetOptions(kind: TargetKind): TargetOptions {
  const nodeOptions = kind === 'rollcall' ? values['node-options'].split(' ').filter(Boolean) : [];
  const cli = kind === 'before' ? (values.before ?? '') : values.cli;
  return { kind, cli: resolve(cli), core: cores?.server ?? null, nodeOptions };
}

/** Starts all servers, sets up each with `make`, measures, and stops them. */
async function withAll<T>(
  kinds: readonly TargetKind[],
  make: (target: Target, tally: Tally) => Promise<T>,
  measure: (made: T[]) => Promise<Figure[]>
): Promise<Figure[]> {
  const targets: Target[] = [];
  try {
    const made: T[] = [];
    for (const kind of kinds) {
      const target = await Target.start(targetOptions(kind));
      targets.push(target);
      made.push(await make(target, new Tally()));
    }
    return await measure(made);
  } finally {
    await Promise.all(targets.map((target) => target.stop()));
  }
}

async function fanOut(): Promise<Figure[]> {
  const { subscribers, burst, rounds, sliceMs } = size;
  const name = `fan-out 1 → ${subscribers.toLocaleString('en')}`;
  const common = { unit: 'deliveries/s', rounds, sliceMs, tell };
  return withAll(
    kinds,
    (target, tally) => Audience.gather(target, tally, subscribers, BODY_BYTES),
    async (audiences) => {
      const loads = (count: number): Load[] => audiences.map((audience) => audience.load(count));
      return [
        ...(await compare(loads(1), { ...common, scenario: name, atLeast: 0.8 })),
        ...(await compare(loads(burst), {
          ...common,
          scenario: `${name}, bursts of ${String(burst)}`,
          atLeast: 0.4
        }))
      ];
    }
  );
}

async function members(): Promise<Figure[]> {
  const { threads, members: each, rounds, sliceMs } = size;
  const measure = (some: readonly TargetKind[]): Promise<Figure[]> =>
    withAll(
      some,
      (target, tally) => gatherMembers(target, tally, threads, each, BODY_BYTES),
      (loads) =>
        compare(loads, {
          scenario: `${threads.toLocaleString('en')} threads × ${String(each)} members`,
          unit: 'acked/s',
          rounds,
          sliceMs,
          atLeast: 0.5,
          tell
        })
    );
  // Not all servers at once: four times five thousand sockets are more files than most systems let a process open.
  const compared: readonly TargetKind[] = kinds.filter(
    (kind) => isRollcall(kind) || kind === 'uws'
  );
  const others = kinds.filter((kind) => !compared.includes(kind));
  return [...(await measure(compared)), ...(others.length > 0 ? await measure(others) : [])];
}

async function connections(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const isOneThread of [true, false]) {
    for (const kind of kinds) {
      figures.push(
        await idleConnections(targetOptions(kind), {
          connections: size.connections,
          isOneThread,
          atMostBytes: CONNECTION_BYTES_MAX,
          settleMs: size.settleMs,
          tell
        })
      );
    }
  }
  return figures;
}

async function known(): Promise<Figure[]> {
  return knownThreads(targetOptions('rollcall'), {
    threads: size.knownThreads,
    atMostBytes: KNOWN_THREAD_BYTES_MAX,
    settleMs: size.settleMs,
    tell
  });
}

const RUNS: Readonly<Record<(typeof SCENARIOS)[number], () => Promise<Figure[]>>> = {
  'fan-out': fanOut,
  members,
  connections,
  known
};

if (!existsSync(values.cli)) throw new Error('dist is missing: run `npm run build` first');
if (cores === null) tell('nothing is pinned: servers and generator share the cores');
else {
  pinSelf(cores.generator);
  tell(`generator on core ${String(cores.generator)}, servers on core ${String(cores.server)}`);
}
const figures: Figure[] = [];
for (const name of SCENARIOS) if (only.includes(name)) figures.push(...(await RUNS[name]()));
console.log(values.json ? JSON.stringify({ isPinned: cores !== null, figures }) : table(figures));
process.exit();
