/** A child process that makes a backup of the log that this process writes to. */
import { fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The entry beside this file: `.js` in the build, `.ts` when run from source. */
const CHILD_FILE = new URL(`./backup-child${extname(import.meta.url)}`, import.meta.url);

const IS_BUILT = extname(import.meta.url) === '.js';

/** Environment variables that the child gets: none of the server's secrets. */
const ENV_KEPT = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG', 'LC_ALL', 'NODE_OPTIONS'];

const LINE_FEED = 0x0a;

/** Who reads a backup. */
export interface BackupSink {
  /** Takes whole lines. Returns false when no more are to come until {@link RunningBackup.resume}. */
  readonly take: (lines: Uint8Array) => boolean;
  /** Called once, after the last line, also when there will be no end of the backup. */
  readonly ended: () => void;
}

/** A backup that is being made. */
export interface RunningBackup {
  resume(): void;
  /** Ends it before its end. */
  stop(): void;
}

/** Makes backups of one log. */
export type StartBackup = (sink: BackupSink) => RunningBackup;

/** Starts a backup of the log in a folder. */
export function startBackup(dir: string, sink: BackupSink): RunningBackup {
  const child = fork(fileURLToPath(CHILD_FILE), [dir], {
    execArgv: IS_BUILT ? [] : process.execArgv,
    env: Object.fromEntries(ENV_KEPT.map((name) => [name, process.env[name]])),
    stdio: ['ignore', 'pipe', 'ignore', 'ipc']
  });
  const { stdout } = child;
  let rest = Buffer.alloc(0);
  stdout?.on('data', (bytes: Buffer) => {
    const end = bytes.lastIndexOf(LINE_FEED) + 1;
    if (end === 0) {
      rest = Buffer.concat([rest, bytes]);
      return;
    }
    const whole = Buffer.concat([rest, bytes.subarray(0, end)]);
    rest = Buffer.from(bytes.subarray(end));
    if (!sink.take(whole)) stdout.pause();
  });
  let isOver = false;
  const over = (): void => {
    if (!isOver) sink.ended();
    isOver = true;
  };
  child.on('error', over);
  child.on('close', over);
  return {
    resume: () => {
      stdout?.resume();
    },
    stop: () => {
      child.kill('SIGKILL');
    }
  };
}
