/** Decides who gets the names of threads in the server's reports, which are public otherwise. */
import { credentials, scopeLack } from './api-access.js';
import type { ApiKeys } from './api-keys.js';
import { isLoopback } from '../config/open-doors.js';
import type { ErrorCode } from '../../protocol/errors.js';
import type { Config } from '../config/settings.js';
import type { TransportRequest } from '../transport/transport.js';

/** Why somebody is no operator. */
export interface OperatorRefusal {
  readonly code: Extract<ErrorCode, 'unauthorized' | 'forbidden'>;
  readonly detail: string;
}

const NO_KEY: OperatorRefusal = {
  code: 'unauthorized',
  detail: 'send the API key as "Authorization: Bearer …"'
};

/** Tells operators from strangers. It refuses nobody: strangers get the same report with numbers instead of names. */
export class Operators {
  private readonly keys: Pick<ApiKeys, 'find'>;
  private readonly isDevelopment: boolean;

  constructor(keys: Pick<ApiKeys, 'find'>, config: Pick<Config, 'environment'>) {
    this.keys = keys;
    this.isDevelopment = config.environment === 'development';
  }

  /** Returns whether a request has an API key with the scope `reports`, or in development comes from the same machine. */
  has(request: TransportRequest): boolean {
    return this.refusal(request) === null;
  }

  /** Returns why a request is not an operator's; null when it is. */
  refusal(request: TransportRequest): OperatorRefusal | null {
    // A request that a proxy on this machine forwards comes from elsewhere.
    const isLocal = isLoopback(request.address) && request.header('x-forwarded-for') === undefined;
    if (this.isDevelopment && isLocal) return null;
    const shown = credentials(request);
    const caller = shown === null ? null : this.keys.find(shown).caller;
    if (caller === null) return NO_KEY;
    const detail = scopeLack(caller, 'reports');
    return detail === null ? null : { code: 'forbidden', detail };
  }
}
