/**
 * The peer `nats-server`: the broker of that name (Debian's package), which clients reach over WebSocket. It passes messages
 * on without a log, and answers each publish with `+OK`.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';

/** Where Debian puts servers; not in everybody's PATH. */
const SERVERS = '/usr/sbin';

const CONFIGURATION = `
listen: "127.0.0.1:-1"
websocket { host: "127.0.0.1", port: -1, no_tls: true }
`;

/** Path of the program; null where it is not installed. */
export function natsProgram(): string | null {
  const folders = `${process.env['PATH'] ?? ''}${delimiter}${SERVERS}`.split(delimiter);
  const paths = folders.filter(Boolean).map((folder) => join(folder, 'nats-server'));
  return paths.find((path) => isRunnable(path)) ?? null;
}

function isRunnable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Starts the broker, which ends with this process, and passes on its port for WebSockets. */
export function startNatsServer(tell: (port: number) => void): void {
  const program = natsProgram();
  if (program === null) throw new Error('nats-server is not installed');
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-bench-nats-'));
  const configuration = join(folder, 'nats.conf');
  writeFileSync(configuration, CONFIGURATION);
  const broker = spawn(program, ['--config', configuration], {
    stdio: ['ignore', 'ignore', 'pipe']
  });
  process.on('exit', () => {
    broker.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  process.on('SIGTERM', () => process.exit(0));
  broker.on('exit', () => process.exit(1));
  createInterface({ input: broker.stderr }).on('line', (line) => {
    const port = /websocket clients on ws:\/\/[\d.]+:(\d+)/.exec(line)?.[1];
    if (port !== undefined) tell(Number(port));
    if (/\[(ERR|FTL)\]/.test(line)) process.stderr.write(`nats-server: ${line}\n`);
  });
}
