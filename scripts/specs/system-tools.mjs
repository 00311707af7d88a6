/**
 * Programs that the specs need and npm does not install, and how to install them on Debian.
 */
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run } from '../setup.mjs';

/** One row per program: the commands that will do, the Debian package that brings it, and who needs it. */
export const TOOLS = [
  {
    name: 'Chromium',
    commands: ['chromium', 'chromium-browser', 'google-chrome'],
    package: 'chromium',
    why: 'the specs of the pages open them in a browser'
  },
  {
    name: 'clickhouse-server',
    commands: ['clickhouse-server'],
    package: 'clickhouse-server',
    why: 'the specs of the analytics store into it and kill it'
  },
  {
    name: 'nats-server',
    commands: ['nats-server'],
    package: 'nats-server',
    why: 'the specs of several nodes connect through it and kill it'
  },
  {
    name: 'nginx',
    commands: ['nginx'],
    package: 'nginx-light',
    why: 'the specs of deploy/ put it in front of the server'
  },
  {
    name: 'Prometheus',
    commands: ['prometheus'],
    package: 'prometheus',
    why: 'the specs of /metrics, the alert rules and the dashboard ask it, and its promtool'
  },
  {
    name: 'openssl',
    commands: ['openssl'],
    package: 'openssl',
    why: 'it makes the certificate of that nginx'
  }
];

/** Where Debian puts servers; not in everybody's PATH. */
const SERVERS = '/usr/sbin';

/** The rows whose program is neither in PATH nor where servers are. */
export function missingTools(
  tools = TOOLS,
  path = `${process.env['PATH'] ?? ''}${delimiter}${SERVERS}`
) {
  const folders = path.split(delimiter).filter((folder) => folder !== '');
  return tools.filter(({ commands }) =>
    commands.every((command) => folders.every((folder) => !isRunnable(join(folder, command))))
  );
}

/** Tells whether this is a Debian machine on which packages may be installed. */
export function isDebianRoot() {
  if (process.getuid?.() !== 0) return false;
  try {
    return /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}

/**
 * Installs a Debian package.
 * @param {string} name
 * @throws when apt-get fails
 */
export async function installPackage(name) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  /** @type {import('node:child_process').SpawnOptions} */
  const options = { env, stdio: ['ignore', 'ignore', 'inherit'] };
  await run('apt-get', ['update', '-qq'], options);
  await run('apt-get', ['install', '-qq', '-y', '--no-install-recommends', name], options);
}

/** @param {string} path */
function isRunnable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
