/**
 * Proof by kill: starts the built server, publishes and subscribes, kills it with SIGKILL at random moments, and counts
 * at the end. `npm run kill-proof -- --cycles 100 --seed 7 --durability disk`. With `--signal SIGTERM`, which is
 * `npm run restart-proof`, the server is told to stop instead and must say goodbye to everybody.
 * Progress goes to standard error, the verdict to standard output; exit code 0 when everything holds, 1 when not, 2
 * for wrong usage.
 */
import { parseArgs } from 'node:util';
import { paintIf, wantsColours, type Paint } from '../server/logger/paint.js';
import { proveByKill, type ProofReport } from './kill-proof/proof.js';

const USAGE =
  'Usage: npm run kill-proof -- [--cycles <number>] [--seed <number>] [--durability disk|process] ' +
  '[--signal SIGKILL|SIGTERM]';

/** Default number of times that one run ends the server. */
const CYCLES = { SIGKILL: '100', SIGTERM: '20' } as const;

/** Kills between two lines of progress when the output is not a terminal. */
const LINE_EVERY = 10;

/** Most faults printed of one check. */
const FAULTS_SAID = 5;

interface Wanted {
  readonly cycles: number;
  readonly seed: number;
  readonly durability: 'disk' | 'process';
  readonly signal: 'SIGKILL' | 'SIGTERM';
}

/** Reads the flags; returns a sentence when they are wrong. */
function wanted(args: string[]): Wanted | string {
  try {
    const { values } = parseArgs({
      args,
      options: {
        signal: { type: 'string', default: 'SIGKILL' },
        cycles: { type: 'string' },
        seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
        durability: { type: 'string', default: 'disk' }
      }
    });
    const { durability, signal } = values;
    if (signal !== 'SIGKILL' && signal !== 'SIGTERM') {
      return `--signal must be SIGKILL or SIGTERM, not ${signal}`;
    }
    const cyclesText = values.cycles ?? CYCLES[signal];
    const cycles = wholeNumber(cyclesText);
    const seed = wholeNumber(values.seed);
    if (cycles === null || cycles < 1) return `--cycles must be 1 or more, not ${cyclesText}`;
    if (seed === null) return `--seed must be a whole number, not ${values.seed}`;
    if (durability !== 'disk' && durability !== 'process') {
      return `--durability must be disk or process, not ${durability}`;
    }
    return { cycles, seed, durability, signal };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function wholeNumber(text: string): number | null {
  return /^\d{1,9}$/.test(text) ? Number(text) : null;
}

function table({ checks, figures, holds }: ProofReport, paint: Paint): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const rows = checks.flatMap(({ name, figure, faults }) => [
    `${faults.count === 0 ? paint('green', '✔') : paint('red', '✘')} ${name.padEnd(width)}  ${paint('dim', figure)}`,
    ...faults.words.slice(0, FAULTS_SAID).map((words) => `    ${paint('red', words)}`),
    ...(faults.count > FAULTS_SAID ? [`    … and ${String(faults.count - FAULTS_SAID)} more`] : [])
  ]);
  const { kills, startupKills, acked, duplicates, connections, told, cuts, tookMs } = figures;
  return [
    ...rows,
    '',
    `${String(kills)} ends (${String(startupKills)} while starting), ${String(acked)} messages acked, ` +
      `${String(duplicates)} sent again and recognized, ${String(connections)} connections ` +
      `(${String(told)} told goodbye, ${String(cuts)} cut besides), ${(tookMs / 1_000).toFixed(1)} s`,
    holds ? paint('green', 'The proof holds.') : paint('red', 'The proof does not hold.')
  ].join('\n');
}

process.on('SIGINT', () => process.exit(130));

const options = wanted(process.argv.slice(2));
if (typeof options === 'string') {
  process.stderr.write(`kill-proof: ${options}\n${USAGE}\n`);
  process.exit(2);
}
const { stderr, stdout } = process;
const paint = paintIf(wantsColours(stderr, process.env));
stderr.write(
  `${String(options.cycles)} cycles, seed ${String(options.seed)}, durability ${options.durability}, ${options.signal}\n`
);
const report = await proveByKill({
  ...options,
  progress: ({ kills, cycles, acked }) => {
    const line = `${paint('cyan', `${String(kills)}/${String(cycles)}`)} ends, ${String(acked)} messages acked`;
    if (stderr.isTTY) stderr.write(`\r${line}${kills === cycles ? '\n' : ''}`);
    else if (kills % LINE_EVERY === 0 || kills === cycles) stderr.write(`${line}\n`);
  }
});
stdout.write(`${table(report, paintIf(wantsColours(stdout, process.env)))}\n`);
process.exit(report.holds ? 0 : 1);
