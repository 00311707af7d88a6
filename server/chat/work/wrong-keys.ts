/**
 * Slows down whoever guesses keys: each wrong key or token is charged to the address that it came from, whatever door it
 * was shown at. An address with too many is answered `rate_limited`, also when it shows a right one, since the answer
 * would tell which one is right. Expired and revoked tokens are no guesses.
 */
import type { Clock } from '../../../actors/clock.js';
import { credentials } from '../../auth/api-access.js';
import { offeredBearer } from '../../auth/auth.js';
import { KeyedBuckets } from './keyed-buckets.js';
import { clientAddress } from '../../transport/client-address.js';
import { askAgain, codeIn, problem } from '../../transport/problem.js';
import type { HttpReply, TransportRequest } from '../../transport/transport.js';
import type { NoteLimited } from '../../limits/limited.js';

/** Why a key or token is not looked at. */
export const TOO_MANY_WRONG = 'too many wrong keys or tokens came from this address';

/** Options of {@link WrongKeys}. */
export interface WrongKeysOptions {
  /** `LIMIT_WRONG_KEYS_PER_SECOND`; 0 means no limit. */
  readonly perSecond: number;
  readonly trustProxy: boolean;
  readonly clock: Pick<Clock, 'elapsed'>;
  readonly limited: NoteLimited;
}

/** The wrong keys and tokens of each address. */
export class WrongKeys {
  private readonly options: WrongKeysOptions;
  private readonly buckets: KeyedBuckets;

  constructor(options: WrongKeysOptions) {
    this.options = options;
    this.buckets = new KeyedBuckets(options.perSecond, options.clock);
  }

  /** Returns when a key or token from this address is looked at again, in milliseconds; 0 when it is now. */
  waitMs(address: string): number {
    const afterMs = this.buckets.wait(address);
    if (afterMs > 0) this.options.limited('wrong_keys_address');
    return afterMs;
  }

  /** Charges an address for a wrong key or token. */
  charge(address: string): void {
    this.buckets.charge(address, 1);
  }

  /** Returns the refusal of a request or an upgrade that shows a key or token and must wait; null for others. */
  refusal(request: TransportRequest): HttpReply | null {
    if (!showsKey(request)) return null;
    const afterMs = this.waitMs(this.addressOf(request));
    if (afterMs === 0) return null;
    return askAgain(problem('rate_limited', TOO_MANY_WRONG), Math.ceil(afterMs / 1_000));
  }

  /** Charges a request or an upgrade whose key or token was wrong, by the reply that it gets. */
  judge(request: TransportRequest, reply: Pick<HttpReply, 'status'> & Partial<HttpReply>): void {
    if (reply.status === 401 && codeIn(reply) === 'unauthorized') this.wrong(request);
  }

  /** Charges a request whose key or token was wrong though it is answered. */
  wrong(request: TransportRequest): void {
    if (showsKey(request)) this.charge(this.addressOf(request));
  }

  private addressOf(request: TransportRequest): string {
    return clientAddress(request, this.options.trustProxy);
  }
}

/** Whether a request shows a key or a token, wherever one is looked for. */
function showsKey(request: TransportRequest): boolean {
  return (
    credentials(request) !== null ||
    offeredBearer(request) !== null ||
    /(^|&)(token|ticket)=/.test(request.query)
  );
}
