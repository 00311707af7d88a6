/**
 * The command line of `npm run bench`.
 */
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { FULL, QUICK, TINY, type Size } from './sizes.js';
import { isPeerKind, PEER_KINDS, type TargetKind } from './target.js';

/** The rows, in the order in which they are measured. */
export const ROW_NAMES = [
  'fan-out',
  'members',
  'rate',
  'ack',
  'connect',
  'resume',
  'replay',
  'connections',
  'known',
  'start',
  'half-load'
] as const;

/** The name of a row. */
export type RowName = (typeof ROW_NAMES)[number];

/** What `--help` prints. */
export const HELP = `npm run bench -- [options]

Measures the built server (npm run build) beside its peers and prints one table. docs/benchmarks.md says what each row is.

  --only <rows>          ${ROW_NAMES.join(',')}; all when left out
  --clickhouse           measure the server with ClickHouse embedded too, beside the one without
  --ws                   measure the server on the engine "ws" too, beside the one on uWebSockets.js
  --peers <peers>        ${PEER_KINDS.join(',')}; all when left out
  --before <cli.js>      measure another build too: dist/cli/cli.js of an older checkout
  --quick                smaller and shorter: a few minutes
  --tiny                 seconds; the figures say nothing
  --rounds <n>           rounds of each row
  --dir <folder>         where data directories are made, so which disk is measured
  --unpinned             let all processes use all cores
  --json                 print JSON instead of the table
  --write                put the rows that were measured into docs/benchmarks.md
  --cli <cli.js>         the build to measure
  --node-options <text>  options of Node for that build, for instance to profile it
  --help                 print this
`;

/** What the command line asks for. */
export interface Command {
  readonly size: Size;
  readonly rows: readonly RowName[];
  /** The servers to measure. */
  readonly kinds: readonly TargetKind[];
  readonly cli: string;
  readonly before: string | null;
  readonly dir: string;
  readonly nodeOptions: readonly string[];
  readonly isPinned: boolean;
  readonly asJson: boolean;
  readonly isWritten: boolean;
}

/**
 * Reads the command line; null when it asks for help.
 * @throws {Error} an option, a row or a peer that does not exist.
 */
export function parseCommand(args: readonly string[]): Command | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      quick: { type: 'boolean', default: false },
      tiny: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      unpinned: { type: 'boolean', default: false },
      ws: { type: 'boolean', default: false },
      clickhouse: { type: 'boolean', default: false },
      only: { type: 'string', default: ROW_NAMES.join(',') },
      peers: { type: 'string', default: PEER_KINDS.join(',') },
      rounds: { type: 'string' },
      dir: { type: 'string', default: tmpdir() },
      cli: {
        type: 'string',
        default: fileURLToPath(new URL('../../dist/cli/cli.js', import.meta.url))
      },
      before: { type: 'string' },
      'node-options': { type: 'string', default: '' }
    }
  });
  if (values.help) return null;
  const base = values.tiny ? TINY : values.quick ? QUICK : FULL;
  const rounds = values.rounds === undefined ? base.rounds : Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new Error(`--rounds must be a whole number from 1, not ${values.rounds ?? ''}`);
  }
  const names = values.only.split(',').filter(Boolean);
  const unknown = names.find((name) => !ROW_NAMES.some((row) => row === name));
  if (unknown !== undefined) {
    throw new Error(`no such row: ${unknown}. The rows are ${ROW_NAMES.join(', ')}.`);
  }
  const peers = values.peers.split(',').filter(Boolean);
  const stranger = peers.find((name) => !isPeerKind(name));
  if (stranger !== undefined) {
    throw new Error(`no such peer: ${stranger}. The peers are ${PEER_KINDS.join(', ')}.`);
  }
  return {
    size: { ...base, rounds },
    rows: ROW_NAMES.filter((row) => names.includes(row)),
    kinds: [
      'rollcall',
      ...(values.clickhouse ? (['rollcall+clickhouse'] as const) : []),
      ...(values.ws ? (['rollcall+ws'] as const) : []),
      ...(values.before === undefined ? [] : (['before'] as const)),
      ...PEER_KINDS.filter((kind) => peers.includes(kind))
    ],
    cli: values.cli,
    before: values.before ?? null,
    dir: values.dir,
    nodeOptions: values['node-options'].split(' ').filter(Boolean),
    isPinned: !values.unpinned,
    asJson: values.json,
    isWritten: values.write
  };
}
