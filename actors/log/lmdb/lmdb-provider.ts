/** Provides the embedded log: it claims the data directory and opens the log in a folder of it. */
import { join } from 'node:path';
import { OPERATOR_ERRORS } from '../../operator-errors.js';
import { LogRoleError } from '../log-errors.js';
import type { LogProvider, ProvidedLog } from '../log-provider.js';
import { claimDataDir } from './disk/data-dir.js';
import { markPath } from './disk/log-mark.js';
import { openLmdbLog, type LmdbLogOptions } from './lmdb-log.js';
import type { EmbeddedLog } from './replica/embedded-log.js';

/** Notice when the epoch had to be renewed. */
const EPOCH_RENEWED =
  'the machine went down under a log with DURABILITY=process: what was acknowledged last may be lost, ' +
  'so every thread has a new epoch and clients are told of a gap';

/** Notice when the log is not the one that was here last. */
const LOG_RESTORED =
  'the thread log is an older one than was here, was repaired, or came from elsewhere: clients may have messages that it lacks, ' +
  'so every thread has a new epoch and clients are told of a gap';

/** Options of {@link createLmdbProvider}. */
export interface LmdbProviderOptions extends Omit<LmdbLogOptions, 'dir' | 'markPath'> {
  /** Directory that this server must have for itself. */
  readonly dataDir: string;
  /** Name of the log's folder in it. */
  readonly folder: string;
}

/** Makes the provider of the embedded log. */
export function createLmdbProvider({
  dataDir,
  folder,
  ...options
}: LmdbProviderOptions): LogProvider {
  return {
    remedy: OPERATOR_ERRORS.log_corrupt.action,
    open: async (): Promise<ProvidedLog> => {
      const claim = claimDataDir(dataDir);
      try {
        const dir = join(dataDir, folder);
        const log = await openLmdbLog({ ...options, dir, markPath: markPath(dir) });
        if (log.replica.role === 'replica') {
          await log.close();
          // What is written here would be nowhere else, and the other nodes would go on without it.
          throw new LogRoleError(`${dir} is a replica of a cluster, and NATS_URL is not set`);
        }
        return {
          log,
          notice: noticeOf(log),
          isDiskLow: () => log.isDiskLow(),
          close: async () => {
            await log.close();
            claim.release();
          }
        };
      } catch (error) {
        claim.release();
        throw error;
      }
    }
  };
}

function noticeOf({ rebuilt, renewed }: EmbeddedLog): string | null {
  if (rebuilt !== null) {
    return `pages of the thread log were damaged (${rebuilt}); what was lost is refused, every thread has a new epoch and clients are told of a gap: restore a backup if you have a better one`;
  }
  if (renewed === null) return null;
  return renewed === 'behind' ? LOG_RESTORED : EPOCH_RENEWED;
}
