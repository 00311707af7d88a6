/** Gives the server a new token before the one that the connection came with has ended. */
import { elapsedOf, type ClientClock } from '../clock.js';
import { clientError, type RollcallError } from '../rollcall-error.js';
import { askToken, type GetToken } from './ask-token.js';
import type { Connected } from './client-state.js';
import { REQUEST_TIMEOUT_MS, type Requests } from './requests.js';

/** Share of a token's life after which the next one is fetched. */
export const REFRESH_AT = 0.8;

/** Shortest wait before a token is fetched, in milliseconds; one with less time left is not refreshed. */
export const REFRESH_MIN_MS = 1_000;

/** Longest wait of one timer, in milliseconds: a longer one is waited for in steps. */
const STEP_MAX_MS = 86_400_000;

/** Options of {@link TokenRefresh}. */
export interface TokenRefreshOptions {
  readonly clock: ClientClock;
  readonly requests: Pick<Requests, 'start'>;
  readonly getToken: GetToken;
  /** Called when a token could not be fetched, or was refused. The connection goes on with the one before. */
  readonly failed: (error: RollcallError) => void;
}

/** Refreshes the token of one client's connection, as often as it needs. */
export class TokenRefresh {
  readonly #options: TokenRefreshOptions;
  #stop: () => void = () => undefined;
  /** Difference between the server's wall clock and this client's measure of durations. */
  #ahead = 0;
  #expiresAt = 0;

  constructor(options: TokenRefreshOptions) {
    this.#options = options;
  }

  /** Handles a new connection. */
  opened({ time, expiresAt }: Connected): void {
    this.#stop();
    // By the server's clock: the client's may be wrong by hours.
    this.#ahead = time - elapsedOf(this.#options.clock);
    this.#follow(expiresAt);
  }

  /** Handles the end of the connection. */
  lost(): void {
    this.#stop();
    this.#stop = () => undefined;
  }

  #follow(expiresAt: number | undefined): void {
    if (expiresAt === undefined) return;
    this.#expiresAt = expiresAt;
    this.#plan();
  }

  #left(): number {
    return this.#expiresAt - elapsedOf(this.#options.clock) - this.#ahead;
  }

  /** Plans the next attempt: after a share of the time that is left. */
  #plan(): void {
    const left = this.#left();
    // Whoever has a token that is over, or nearly so, is told so by the server, and fetches one to reconnect.
    if (left > REFRESH_MIN_MS) this.#wait(Math.max(left * REFRESH_AT, REFRESH_MIN_MS));
  }

  #wait(forMs: number): void {
    const step = Math.min(forMs, STEP_MAX_MS);
    this.#stop = this.#options.clock.after(step, () => {
      if (forMs > step) this.#wait(forMs - step);
      else this.#fetch();
    });
  }

  #fetch(): void {
    this.#stop = askToken(
      this.#options.getToken,
      true,
      (token) => {
        this.#show(token);
      },
      (reason) => {
        this.#again(clientError('token', `no token: ${reason}`, true));
      }
    );
  }

  #show(token: string): void {
    const options = { timeoutMs: REQUEST_TIMEOUT_MS, late: 'fail', keep: false } as const;
    this.#stop = this.#options.requests.start({ type: 'refresh', token }, options, (reply) => {
      if (!reply.ok) this.#again(reply.error);
      else if (reply.frame.type === 'refreshed') this.#follow(reply.frame.expiresAt);
    });
  }

  #again(error: RollcallError): void {
    this.#plan();
    this.#options.failed(error);
  }
}
