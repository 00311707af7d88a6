/** Charges requests over HTTP to whoever sent them, and lets them wait for room in the turns of the event loop. */
import type { Identity } from '../access/identity.js';
import type { ApiAccess } from '../auth/api-access.js';
import type { TurnBudget } from '../chat/work/turn-budget.js';
import type { Payer, WorkLimits } from '../chat/work/work-limits.js';
import type { NoteLimited } from '../limits/limited.js';
import { clientAddress } from '../transport/client-address.js';
import { askAgain, problem } from '../transport/problem.js';
import type { HttpReply, TransportRequest } from '../transport/transport.js';

/** Options of {@link HttpCosts}. */
export interface HttpCostsOptions {
  readonly access: Pick<ApiAccess, 'isOpen'>;
  readonly turn: TurnBudget;
  readonly work: WorkLimits;
  readonly trustProxy: boolean;
  /** Notes what a limit has refused. */
  readonly limited: NoteLimited;
}

/** What requests over HTTP cost, and who pays. */
export class HttpCosts {
  private readonly options: HttpCostsOptions;

  constructor(options: HttpCostsOptions) {
    this.options = options;
  }

  /**
   * Returns who is charged for a request, null for a backend. Without an API key anybody may be the backend, so it is the
   * address, within the limit of a user.
   */
  payer(request: TransportRequest, caller: Identity): Payer | null {
    const { access, trustProxy } = this.options;
    const address = clientAddress(request, trustProxy);
    if (caller.kind === 'user') return { user: caller.user, address };
    // Apart from the names of users, as far as these are words.
    return access.isOpen ? { user: `\naddress ${address}`, address } : null;
  }

  /** Waits until a turn of the event loop has room for these points. Returns a refusal when the caller has spent its own. */
  async admit(payer: Payer | null, points: number): Promise<HttpReply | null> {
    await this.options.turn.room(points);
    return this.refusal(payer);
  }

  /** Returns the refusal of a caller who has spent its points; null for others. */
  refusal(payer: Payer | null): HttpReply | null {
    const { work, limited } = this.options;
    const over = payer === null ? null : work.mustWait(payer);
    if (over === null) return null;
    limited(over.limit);
    return askAgain(problem('rate_limited', over.reason), Math.ceil(over.afterMs / 1_000));
  }

  /** Notes what a request has cost. */
  charge(payer: Payer | null, points: number): void {
    const { turn, work } = this.options;
    turn.spend(points);
    if (payer !== null) work.charge(payer, points);
  }
}
