/** Where `rollcall backup` gets its lines from: a running server over HTTP, or the data directory. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { backupLines } from '../../actors/log/lmdb/backup/take-backup.js';
import { textLines } from '../../actors/log/lmdb/backup/text-lines.js';
import { exportLog } from '../../actors/log/lmdb/check/log-export.js';
import { holderOf } from '../../actors/log/lmdb/disk/data-dir.js';
import { LogCorruptError, LogOpenError } from '../../actors/log/log-errors.js';
import { reasonOf } from '../../machines/reason.js';
import { LOG_FOLDER } from '../../server/config/config.js';

/** Time without a byte after which a server counts as gone, in milliseconds. */
const SILENCE_MS = 60_000;

/** Thrown when no server gives a backup; the message says why. */
export class BackupRefusedError extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'BackupRefusedError';
  }
}

/** Yields the lines of a backup of a data directory, whether a server uses it or not. */
export async function* linesOfDir(dataDir: string): AsyncGenerator<string> {
  const dir = join(dataDir, LOG_FOLDER);
  if (!existsSync(dir)) throw new LogOpenError(dir, 'there is no log');
  // A server has checked the pages of its file when it opened it.
  if (holderOf(dataDir) === null) {
    const { holes } = await exportLog(dir, () => undefined);
    const [hole] = holes;
    if (hole !== undefined) throw new LogCorruptError(dir, hole);
  }
  for await (const line of backupLines(dir, () => Date.now())) yield line.trimEnd();
}

/** Yields the lines of a backup of a running server. @throws {BackupRefusedError} */
export async function* linesOfServer(
  url: string,
  apiKey: string | undefined
): AsyncGenerator<string> {
  const silence = new AbortController();
  let timer = setTimeout(() => undefined, 0);
  const heard = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      silence.abort(new Error('it has gone silent'));
    }, SILENCE_MS);
  };
  try {
    heard();
    const response = await asked(url, apiKey, silence.signal);
    const { body } = response;
    if (!response.ok || body === null) throw new BackupRefusedError(await refusalOf(response));
    const chunks = async function* (): AsyncGenerator<Uint8Array> {
      for await (const chunk of body) {
        heard();
        yield chunk;
      }
    };
    yield* textLines(chunks());
  } finally {
    clearTimeout(timer);
  }
}

async function asked(
  url: string,
  apiKey: string | undefined,
  signal: AbortSignal
): Promise<Response> {
  try {
    return await fetch(new URL('/api/backup', url), {
      headers: apiKey === undefined ? {} : { 'x-api-key': apiKey },
      signal
    });
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    throw new BackupRefusedError(`no server answers at ${url} (${reasonOf(cause)})`);
  }
}

async function refusalOf(response: Response): Promise<string> {
  const body: unknown = await response.json().catch(() => null);
  const detail: unknown =
    typeof body === 'object' && body !== null
      ? (Reflect.get(body, 'detail') ?? Reflect.get(body, 'title'))
      : null;
  const said = typeof detail === 'string' ? detail : `status ${String(response.status)}`;
  const isKey = response.status === 401 || response.status === 403;
  return `the server refuses: ${said}${isKey ? ' (--api-key or API_KEY, with the scope backup)' : ''}`;
}
