/** Decides who gets the names of threads in the server's reports, which are public otherwise. */
import { credentials } from './api-access.js';
import { Secret } from './secret.js';
import { isLoopback } from '../config/open-doors.js';
import type { Config } from '../config/settings.js';
import type { TransportRequest } from '../transport/transport.js';

/** Tells operators from strangers. It refuses nobody: strangers get the same report with numbers instead of names. */
export class Operators {
  private readonly key: Secret | null;
  private readonly isDevelopment: boolean;

  constructor(config: Pick<Config, 'apiKey' | 'environment'>) {
    this.key = config.apiKey === undefined ? null : new Secret(config.apiKey);
    this.isDevelopment = config.environment === 'development';
  }

  /** Returns whether a request has the API key, or in development comes from the same machine. */
  has(request: TransportRequest): boolean {
    // A request that a proxy on this machine forwards comes from elsewhere.
    const isLocal = isLoopback(request.address) && request.header('x-forwarded-for') === undefined;
    if (this.isDevelopment && isLocal) return true;
    const shown = credentials(request);
    return this.key !== null && shown !== null && this.key.is(shown);
  }
}
