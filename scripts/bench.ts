/**
 * Speed and memory beside other servers, in one run: `npm run bench`. See docs/benchmarks.md, or `--help`.
 */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HELP, parseCommand, ROW_NAMES, type Command, type RowName } from './bench/command.js';
import { pickCores, pinSelf, type Cores } from './bench/cores.js';
import { table } from './bench/figures.js';
import { natsProgram } from './bench/peers/nats-server.js';
import { machineText, withReports, type RowReport } from './bench/report.js';
import { ack } from './bench/rows/ack.js';
import { halfLoad } from './bench/rows/alone/half-load.js';
import { connect } from './bench/rows/connect.js';
import { connections, known } from './bench/rows/memories.js';
import { rate } from './bench/rows/rate.js';
import { replay } from './bench/rows/replay.js';
import { start } from './bench/rows/start.js';
import { resume } from './bench/rows/resume.js';
import type { Row, RowContext } from './bench/rows/row.js';
import { fanOut, members } from './bench/rows/speeds.js';
import { Target } from './bench/target.js';

const PAGE = fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url));

const ROWS: Readonly<Record<RowName, Row>> = {
  'fan-out': fanOut,
  members,
  rate,
  ack,
  connect,
  resume,
  replay,
  connections,
  known,
  start,
  'half-load': halfLoad
};

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

function contextOf(command: Command, cores: Cores | null): Omit<RowContext, 'untilMs'> {
  const { size, dir } = command;
  const kinds = command.kinds.filter((kind) => kind !== 'nats-server' || natsProgram() !== null);
  if (kinds.length < command.kinds.length) {
    tell('the peer nats-server is left out: it is not installed (apt install nats-server)');
  }
  return {
    size,
    kinds,
    dir,
    tell,
    options: (kind) => ({
      kind,
      cli: resolve(kind === 'before' ? (command.before ?? '') : command.cli),
      core: cores?.server ?? null,
      nodeOptions: kind === 'rollcall' ? command.nodeOptions : [],
      dir
    })
  };
}

/** Measures a row; one that takes too long or fails must not cost the others their figures. */
async function measure(row: RowName, context: Omit<RowContext, 'untilMs'>): Promise<RowReport> {
  const { rowMs } = context.size;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`not done after ${String((2 * rowMs) / 1_000)} s`));
    }, 2 * rowMs);
  });
  try {
    const measuring = ROWS[row]({ ...context, untilMs: performance.now() + rowMs });
    return { row, figures: await Promise.race([measuring, late]), failure: null };
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    tell(`${row} failed: ${failure}`);
    return { row, figures: [], failure };
  } finally {
    clearTimeout(timer);
    await Target.stopAll();
  }
}

async function run(command: Command): Promise<void> {
  if (!existsSync(command.cli)) throw new Error('dist is missing: run `npm run build` first');
  const cores = command.isPinned ? pickCores() : null;
  if (cores === null) tell('nothing is pinned: servers and generator share the cores');
  else {
    pinSelf(cores.generator);
    tell(`generator on core ${String(cores.generator)}, servers on core ${String(cores.server)}`);
  }
  const context = contextOf(command, cores);
  const reports: RowReport[] = [];
  for (const row of command.rows) reports.push(await measure(row, context));
  const figures = reports.flatMap((report) => report.figures);
  const failures = reports.flatMap(({ row, failure }) =>
    failure === null ? [] : [{ row, failure }]
  );
  const isPinned = cores !== null;
  console.log(command.asJson ? JSON.stringify({ isPinned, figures, failures }) : table(figures));
  if (command.isWritten) await write(reports, isPinned);
  process.exitCode = failures.length > 0 ? 1 : 0;
}

async function write(reports: readonly RowReport[], isPinned: boolean): Promise<void> {
  const date = new Date().toISOString().slice(0, 10);
  const machine = `${machineText()}${isPinned ? '' : ', nothing pinned'}`;
  const command = ['npm run bench --', ...process.argv.slice(2)].join(' ');
  const page = await readFile(PAGE, 'utf8');
  await writeFile(PAGE, withReports(page, reports, ROW_NAMES, { date, machine, command }));
}

const command = parseCommand(process.argv.slice(2));
if (command === null) console.log(HELP);
else await run(command);
process.exit();
