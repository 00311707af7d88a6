/**
 * Proof of runs: `npm run run-proof -- --rounds 20 --runs 50 --seed 7`. It kills the built server while the agent `echo`
 * answers many messages at once, and counts how the runs have ended.
 * Progress goes to standard error, the verdict to standard output; exit code 0 when everything holds, 1 when not, 2
 * for wrong usage.
 */
import { parseArgs } from 'node:util';
import { paintIf, wantsColours, type Paint } from '../../server/logger/paint.js';
import { proveRuns, type RunProofOptions, type RunProofReport } from './proof.js';

const USAGE = 'Usage: npm run run-proof -- [--rounds <number>] [--runs <number>] [--seed <number>]';

/** Most faults printed of one check. */
const FAULTS_SAID = 5;

/** Reads the flags; returns a sentence when they are wrong. */
function wanted(args: string[]): RunProofOptions | string {
  try {
    const { values } = parseArgs({
      args,
      options: {
        rounds: { type: 'string', default: '20' },
        runs: { type: 'string', default: '50' },
        seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) }
      }
    });
    const [rounds, runs, seed] = [values.rounds, values.runs, values.seed].map(wholeNumber);
    if (!rounds) return `--rounds must be 1 or more, not ${values.rounds}`;
    if (!runs) return `--runs must be 1 or more, not ${values.runs}`;
    if (seed === null || seed === undefined) {
      return `--seed must be a whole number, not ${values.seed}`;
    }
    return { rounds, runs, seed };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function wholeNumber(text: string): number | null {
  return /^\d{1,9}$/.test(text) ? Number(text) : null;
}

function table({ checks, holds, ...figures }: RunProofReport, paint: Paint): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const rows = checks.flatMap(({ name, figure, faults }) => [
    `${faults.count === 0 ? paint('green', '✔') : paint('red', '✘')} ${name.padEnd(width)}  ${paint('dim', figure)}`,
    ...faults.words.slice(0, FAULTS_SAID).map((words) => `    ${paint('red', words)}`),
    ...(faults.count > FAULTS_SAID ? [`    … and ${String(faults.count - FAULTS_SAID)} more`] : [])
  ]);
  const { kills, startupKills, tally, tookMs } = figures;
  const { begun, queued, doubles, ends, oldestLostMs } = tally;
  const terminals = Object.values(ends).reduce((sum, count) => sum + count, 0);
  return [
    ...rows,
    '',
    `${String(kills)} kills (${String(startupKills)} while starting), ${String(begun)} runs ` +
      `(${String(queued)} queued), ${String(terminals)} ends (${String(ends.completed)} completed, ` +
      `${String(ends.interrupted)} interrupted), ${String(doubles)} doubled, ` +
      `last checkpoint at most ${oldestLostMs.toFixed(0)} ms old, ${(tookMs / 1_000).toFixed(1)} s`,
    holds ? paint('green', 'The proof holds.') : paint('red', 'The proof does not hold.')
  ].join('\n');
}

process.on('SIGINT', () => process.exit(130));

const options = wanted(process.argv.slice(2));
if (typeof options === 'string') {
  process.stderr.write(`run-proof: ${options}\n${USAGE}\n`);
  process.exit(2);
}
const { stderr, stdout } = process;
const { rounds, runs, seed } = options;
stderr.write(`${String(rounds)} rounds of ${String(runs)} runs, seed ${String(seed)}\n`);
const report = await proveRuns({
  ...options,
  progress: (round, { begun, ends }) => {
    stderr.write(
      `${String(round)}/${String(rounds)} rounds, ${String(begun)} runs, ${String(ends.interrupted)} interrupted\n`
    );
  }
});
stdout.write(`${table(report, paintIf(wantsColours(stdout, process.env)))}\n`);
process.exit(report.holds ? 0 : 1);
