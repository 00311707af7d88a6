/** Rows of the checklist about the machine, and rows that cannot be checked from the machine. */
import { SCOPES } from '../../access/scopes.js';
import type { ChecklistRow, Verdict } from './checklist-row.js';

/** Enough file descriptors for a server: each connection uses one. */
export const OPEN_FILES_MIN = 10_000;

/** Descriptors that a server needs besides its connections. */
const OPEN_FILES_SPARE = 200;

/** A clock before this time is wrong, since this version did not exist yet. Unix milliseconds. */
export const CLOCK_EARLIEST_MS = Date.UTC(2026, 0, 1);

/** How far the clock may be behind the newest file: file systems round times, and other machines write to some. */
const CLOCK_TOLERANCE_MS = 60_000;

/** Permission bits of the group and of all others. */
const OTHERS = 0o077;

/** Bits that the file of keys must not have. Its group may read it, since it holds only hashes. */
const KEYS_OTHERS = 0o027;

const MB = 1_048_576;

const good = (said: string): Verdict => ({ mark: 'good', said });
const bad = (said: string): Verdict => ({ mark: 'bad', said });
const open = (said: string): Verdict => ({ mark: 'open', said });
const octal = (mode: number): string => `0${(mode & 0o777).toString(8)}`;

/** The rows, in the order in which they are shown. */
export const MACHINE_ROWS: readonly ChecklistRow[] = [
  {
    id: 'data_dir',
    title: 'Data directory',
    good: 'only the server’s user may read `DATA_DIR` (0700)',
    action: 'chmod 700 it',
    judge: ({ config: { dataDir }, machine: { dataDirMode: mode } }) => {
      if (mode === null)
        return good(`${dataDir} does not exist yet: the server makes it with 0700`);
      return (mode & OTHERS) === 0 ? good(octal(mode)) : bad(`${dataDir} has ${octal(mode)}`);
    }
  },
  {
    id: 'env_file',
    title: '`.env` file',
    good: 'only the server’s user may read it (0600), or there is none',
    action: 'chmod 600 it: it may have secrets',
    judge: ({ machine: { envFileMode: mode } }) => {
      if (mode === null) return good('there is none here');
      return (mode & OTHERS) === 0 ? good(octal(mode)) : bad(`it has ${octal(mode)}`);
    }
  },
  {
    id: 'keys_file',
    title: 'File of API keys',
    good: 'others of the machine cannot read `API_KEYS_FILE` nor its group change it (0640 or less), no key has ended, and none has every scope for every thread',
    action:
      'chmod 600 it; `rollcall key remove` takes out a key that has ended, `rollcall key new` makes one for less',
    judge: ({ config: { apiKeysFile }, machine: { keysFile, nowMs } }) => {
      if (apiKeysFile === undefined) return good('API_KEYS_FILE is not set');
      if (keysFile === null) return open(`${apiKeysFile} cannot be read from here`);
      const { mode, keys } = keysFile;
      const names = (of: typeof keys): string => of.map(({ name }) => name).join(', ');
      const ended = keys.filter(({ expiresAt: end }) => end !== null && nowMs >= end);
      const mighty = keys.filter(
        ({ scopes, grants }) => grants === null && scopes.size === SCOPES.length
      );
      const faults = [
        ...(mode !== null && (mode & KEYS_OTHERS) !== 0
          ? [`${apiKeysFile} has ${octal(mode)}`]
          : []),
        ...(ended.length > 0 ? [`ended: ${names(ended)}`] : []),
        ...(mighty.length > 0 ? [`may do everything: ${names(mighty)}`] : [])
      ];
      if (faults.length > 0) return bad(faults.join('; '));
      return good(keys.length === 1 ? '1 key' : `${String(keys.length)} keys`);
    }
  },
  {
    id: 'memory',
    title: 'Memory limit',
    good: '`MEMORY_LIMIT_MB` is set, or the container has a limit',
    action: 'set MEMORY_LIMIT_MB to what this server may use',
    judge: ({ config: { memoryLimitMb: mb }, machine: { containerBytes } }) => {
      if (mb === 0) return bad('MEMORY_LIMIT_MB is 0: only the JavaScript heap is watched');
      if (mb !== undefined) return good(`${String(mb)} MB`);
      if (containerBytes === null) return open('no limit is set, and the container has none');
      return good(`70 % of the container’s ${String(Math.round(containerBytes / MB))} MB`);
    }
  },
  {
    id: 'open_files',
    title: 'File descriptors',
    good: `a process may have ${String(OPEN_FILES_MIN)}, or ${String(OPEN_FILES_SPARE)} more than \`LIMIT_CONNECTIONS\``,
    action: 'raise it (`ulimit -n`, LimitNOFILE of systemd), or set LIMIT_CONNECTIONS below it',
    judge: ({ config: { limitConnections }, machine: { openFiles } }) => {
      if (openFiles === null) return open('cannot be seen on this system');
      const needed = limitConnections === 0 ? OPEN_FILES_MIN : limitConnections + OPEN_FILES_SPARE;
      const said = `${String(openFiles)} in a process of this shell`;
      return openFiles >= needed ? good(said) : bad(`${said}, ${String(needed)} are needed`);
    }
  },
  {
    id: 'clock',
    title: 'Clock',
    good: 'it is later than this version and than the newest file in `DATA_DIR`',
    action: 'let NTP or chrony set the clock: tokens end and messages are dated by it',
    judge: ({ machine: { nowMs, newestFileMs } }) => {
      const now = new Date(nowMs).toISOString();
      const earliest = Math.max(CLOCK_EARLIEST_MS, (newestFileMs ?? 0) - CLOCK_TOLERANCE_MS);
      return nowMs >= earliest ? good(now) : bad(`${now} is earlier than its own files`);
    }
  },
  {
    id: 'backups',
    title: 'Backups',
    good: 'somebody makes them and has restored one',
    action: 'make them with rollcall backup, and restore one to try it: docs/upkeep.md says how',
    judge: () => open('cannot be seen from here')
  },
  {
    id: 'reports',
    title: 'Status for strangers',
    good: 'the proxy lets only you reach `/status`, `/status.html`, `/metrics` and `/inspect`',
    action: 'block them in the proxy; strangers get no names, but they get figures',
    judge: () => open('cannot be seen from here')
  }
];
