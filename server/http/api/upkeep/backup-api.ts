/** HTTP API that makes a backup of the running server. */
import type { Audit } from '../../../../actors/upkeep/audit.js';
import { failedLine } from '../../../../actors/log/lmdb/backup/backup-file.js';
import type { StartBackup } from '../../../../actors/log/lmdb/backup/backup-process.js';
import type { Incidents } from '../../../../actors/monitor/incidents.js';
import type { ApiAccess } from '../../../auth/api-access.js';
import type { NoteLimited } from '../../../limits/limited.js';
import { askAgain, problem } from '../../../transport/problem.js';
import type { HttpStream } from '../../../transport/transport.js';
import { guarded, type Route } from '../../route-table.js';
import { notStored, requestFaults } from '../request-faults.js';
import { actorOf } from './acting.js';
import { LINES_REPLY } from './lines-reply.js';

const BUSY = 'a backup is being made';

/** After how many seconds to ask again while another backup is being made. */
const BUSY_RETRY_SECONDS = 10;

/** Options of {@link createBackupApi}. */
export interface BackupApiOptions {
  readonly access: Pick<ApiAccess, 'backend'>;
  readonly audit: Audit;
  readonly backup: StartBackup;
  readonly incidents: Pick<Incidents, 'note'>;
  /** Notes what a limit has refused. */
  readonly limited: NoteLimited;
}

/** Returns the route `/api/backup`. */
export function createBackupApi(options: BackupApiOptions): Route[] {
  const { access, audit, backup, limited } = options;
  const state = { isBusy: false };
  return [
    guarded({
      methods: ['GET'],
      path: '/api/backup',
      scope: 'backup',
      access: (request, scope) => access.backend(request, scope),
      handler: async (_asked, caller) => {
        if (state.isBusy) {
          limited('backups_server');
          return askAgain(problem('unavailable', BUSY), BUSY_RETRY_SECONDS);
        }
        await audit.note({ action: 'backup', by: actorOf(caller), detail: {} });
        return {
          ...LINES_REPLY,
          stream: (out) => {
            send(backup, out, state);
          }
        };
      },
      failed: requestFaults(options, notStored)
    })
  ];
}

function send(backup: StartBackup, out: HttpStream, state: { isBusy: boolean }): void {
  // Two may have been let in at the same time.
  if (state.isBusy) {
    out.write(`${failedLine(BUSY)}\n`);
    out.end();
    return;
  }
  state.isBusy = true;
  const running = backup({
    take: (lines) => out.write(lines),
    ended: () => {
      state.isBusy = false;
      out.end();
    }
  });
  out.onDrain(() => {
    running.resume();
  });
  out.onClose(() => {
    running.stop();
  });
}
