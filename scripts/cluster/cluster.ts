/**
 * Several nodes for trying out: `npm run cluster` starts three brokers and three nodes as processes on loopback, prints
 * their addresses, and ends them with Ctrl-C, their data included. Settings in the environment are those of every node.
 * Exit code 0, 1 when something does not start, 2 for wrong usage.
 */
import { parseArgs } from 'node:util';
import { LocalCluster } from '../../spec/e2e/cluster/local-cluster.js';
import { findProgram } from '../../spec/require.js';

const USAGE = 'Usage: npm run cluster -- [--nodes <number>] [--brokers 1|3] [--port <number>]';

/** Most nodes: each is a process of some 100 MB. */
const NODES_MAX = 9;

/** Settings that each node has of its own. */
const OWN = new Set(['DATA_DIR', 'PORT', 'HOST', 'NATS_URL', 'LOG_FORMAT']);

interface Wanted {
  readonly nodes: number;
  readonly brokers: 1 | 3;
  readonly port: number | undefined;
}

/** Reads the flags; returns a sentence when they are wrong. */
function wanted(args: string[]): Wanted | string {
  try {
    const { values } = parseArgs({
      args,
      options: {
        nodes: { type: 'string', default: '3' },
        brokers: { type: 'string', default: '3' },
        port: { type: 'string' }
      }
    });
    const nodes = wholeNumber(values.nodes);
    const brokers = wholeNumber(values.brokers);
    const port = values.port === undefined ? undefined : wholeNumber(values.port);
    if (nodes < 1 || nodes > NODES_MAX) {
      return `--nodes must be 1 to ${String(NODES_MAX)}, not ${values.nodes}`;
    }
    if (brokers !== 1 && brokers !== 3) return `--brokers must be 1 or 3, not ${values.brokers}`;
    if (port !== undefined && (port < 1 || port + nodes > 65_536)) {
      return `--port must be a port, not ${String(values.port)}`;
    }
    return { nodes, brokers, port };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function wholeNumber(text: string): number {
  return /^\d{1,5}$/.test(text) ? Number(text) : -1;
}

function environment(): Record<string, string> {
  const all = Object.entries(process.env).filter(([name]) => !OWN.has(name));
  return Object.fromEntries(all.map(([name, value]) => [name, value ?? '']));
}

function table({ brokers, nodes }: LocalCluster): string {
  const rows = [
    ...brokers.urls.map((url, at) => ['broker', at, url, brokers.pids[at]] as const),
    ...nodes.map(({ url, pid }, at) => ['node', at, url, pid] as const)
  ];
  return rows
    .map(
      ([what, at, url, pid]) =>
        `  ${what.padEnd(6)} ${String(at + 1)}  ${url.padEnd(27)}  process ${String(pid)}`
    )
    .join('\n');
}

const { stdout, stderr } = process;
const options = wanted(process.argv.slice(2));
if (typeof options === 'string') {
  stderr.write(`cluster: ${options}\n${USAGE}\n`);
  process.exit(2);
}
const program = findProgram('nats-server');
if (program === undefined) {
  stderr.write('cluster: there is no nats-server: install the package nats-server\n');
  process.exit(1);
}
const asked = new Promise((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, resolve);
});
const { nodes, brokers, port } = options;
try {
  const cluster = await LocalCluster.start({
    program,
    nodes,
    brokers,
    env: environment(),
    ...(port === undefined ? {} : { port })
  });
  stdout.write(
    `${table(cluster)}\n\nEach node has all threads. Ctrl-C ends all and removes their data.\n`
  );
  await asked;
  stdout.write('Ending all …\n');
  await cluster.stop();
} catch (error) {
  stderr.write(`cluster: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
