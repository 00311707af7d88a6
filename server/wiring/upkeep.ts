/**
 * Wires what operators and their users do: erase what is stored, revoke tokens, close connections, and see in the audit log
 * who did. Also what they see of the nodes.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { startBackup } from '../../actors/log/lmdb/backup/backup-process.js';
import { Audit } from '../../actors/upkeep/audit.js';
import { Eraser } from '../../actors/upkeep/eraser.js';
import { UserEraser } from '../../actors/upkeep/user-eraser.js';
import type { ApiAccess } from '../auth/api-access.js';
import { LOG_FOLDER } from '../config/config.js';
import type { Config } from '../config/settings.js';
import { createKickApi, type KickApiOptions } from '../http/api/admin/kick-api.js';
import { createRowsApi, type RowsApiOptions } from '../http/api/admin/rows-api.js';
import { createRevocationsApi, type RevocationsApiOptions } from '../http/api/revocations-api.js';
import { createAuditApi, type AuditApiOptions } from '../http/api/upkeep/audit-api.js';
import { createBackupApi } from '../http/api/upkeep/backup-api.js';
import { createClusterApi, type ClusterApiOptions } from '../http/api/upkeep/cluster-api.js';
import { createEraseApi, type EraseApiOptions } from '../http/api/upkeep/erase-api.js';
import { createUserEraseApi } from '../http/api/upkeep/user-erase-api.js';
import { createWebhooksApi, type WebhooksApiOptions } from '../http/api/webhooks-api.js';
import type { Route } from '../http/route-table.js';

/** Options of {@link createUpkeep}. */
export interface UpkeepOptions
  extends
    Omit<AuditApiOptions, 'audit'>,
    Omit<EraseApiOptions, 'audit' | 'eraser' | 'access'>,
    Omit<RevocationsApiOptions, 'audit' | 'access' | 'clock'>,
    Omit<KickApiOptions, 'audit' | 'access' | 'connections'>,
    Omit<RowsApiOptions, 'access' | 'revocations'>,
    Omit<WebhooksApiOptions, 'access'>,
    Omit<ClusterApiOptions, 'access'> {
  readonly config: Pick<Config, 'dataDir'>;
  readonly access: ApiAccess;
  readonly isServing: () => boolean;
  /** Called when a message of a thread was erased. */
  readonly onErased: (thread: string) => void;
}

/** What the server uses of it. */
export interface Upkeep {
  readonly routes: readonly Route[];
  /** Called every second while the server serves. */
  readonly sweep: () => void;
}

/** Makes the parts. */
export function createUpkeep(options: UpkeepOptions): Upkeep {
  const { config, log, threads, clock, onErased } = options;
  const audit = new Audit({ log, clock });
  const eraser = new Eraser({
    log,
    clock,
    newMid: randomUUID,
    onErased,
    append: (thread, entry, done) => {
      threads.publish(threads.get(thread), entry, true, done);
    }
  });
  const users = new UserEraser({ ...options, eraser, audit });
  const routes = [
    ...createEraseApi({ ...options, eraser, audit }),
    ...createUserEraseApi({ ...options, users }),
    ...createBackupApi({
      ...options,
      audit,
      backup: (sink) => startBackup(join(config.dataDir, LOG_FOLDER), sink)
    }),
    ...createAuditApi({ ...options, audit }),
    ...createRevocationsApi({ ...options, audit }),
    ...createRowsApi(options),
    ...createKickApi({ ...options, audit }),
    ...createClusterApi(options),
    ...createWebhooksApi(options)
  ];
  return {
    routes,
    sweep: () => {
      users.sweep();
    }
  };
}
