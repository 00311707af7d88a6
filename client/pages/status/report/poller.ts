/**
 * Polls `/status`, one request at a time, and keeps the latest answer when a request fails.
 */
import { elapsedOf, type ClientClock } from '../../../sdk/clock.js';
import { readReport, type Report } from './report.js';

/** Time between an answer and the next request while the page is visible, in milliseconds. */
export const POLL_MS = 1_000;

/** The same while the page is hidden: often enough for its title and its curves. */
export const HIDDEN_POLL_MS = 15_000;

/** A request without an answer is aborted after this time, in milliseconds, and sent again. */
export const TIMEOUT_MS = 5_000;

/** A request that takes longer than this, in milliseconds, is shown as no answer before it is aborted. */
export const SLOW_MS = 2_500;

/** An HTTP response. */
export interface Answer {
  /** Status code. */
  readonly code: number;
  /** The body when it was JSON, else null. */
  readonly body: unknown;
}

/** Why the latest request failed: no connection, too slow, or an answer that is no report, with its status code. */
export type Failure =
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'foreign'; readonly code: number };

/** The result of polling. Times are moments of the poller's `elapsed()`. */
export interface Polled {
  /** The latest report; null before the first. */
  readonly report: Report | null;
  /** When the latest report arrived; null before the first. */
  readonly answeredAt: number | null;
  /** When the server stopped answering; null while it answers. */
  readonly silentSince: number | null;
  /** Why it does not answer; null when that is unknown. */
  readonly failure: Failure | null;
}

/** What a poller needs from outside. */
export interface PollerOptions {
  readonly clock: ClientClock;
  /** Asks once. Rejects when nobody answers or the signal is aborted. */
  readonly ask: (signal: AbortSignal) => Promise<Answer>;
  /** Called after each answer and each failure. */
  readonly changed: () => void;
}

/** Polls from `start()` on until the page is closed. */
export class Poller {
  readonly #options: PollerOptions;
  readonly #startedAt: number;
  #isWatched = true;
  #askedAt: number | null = null;
  #report: Report | null = null;
  #answeredAt: number | null = null;
  #failure: Failure | null = null;
  /** Null before the first request and while one is under way. */
  #cancelNext: (() => void) | null = null;

  constructor(options: PollerOptions) {
    this.#options = options;
    this.#startedAt = elapsedOf(options.clock);
  }

  /** Sends the first request. */
  start(): void {
    void this.#ask();
  }

  /** Sets whether the page is visible. A visible page polls at once, and more often. */
  watch(isWatched: boolean): void {
    if (isWatched === this.#isWatched) return;
    this.#isWatched = isWatched;
    if (isWatched) this.askNow();
    else if (this.#cancelNext !== null) this.#askLater();
  }

  /** Sends a request now, unless one is under way. */
  askNow(): void {
    if (this.#cancelNext !== null) void this.#ask();
  }

  /** The result so far. */
  state(): Polled {
    const now = elapsedOf(this.#options.clock);
    const isSlow = this.#askedAt !== null && now - this.#askedAt > SLOW_MS;
    const isSilent = this.#failure !== null || isSlow;
    return {
      report: this.#report,
      answeredAt: this.#answeredAt,
      silentSince: isSilent ? (this.#answeredAt ?? this.#startedAt) : null,
      failure: this.#failure
    };
  }

  async #ask(): Promise<void> {
    const { clock, ask } = this.#options;
    this.#cancelNext?.();
    this.#cancelNext = null;
    const abort = new AbortController();
    const cancelTimeout = clock.after(TIMEOUT_MS, () => {
      abort.abort();
    });
    this.#askedAt = elapsedOf(clock);
    try {
      const { code, body } = await ask(abort.signal);
      const report = readReport(body);
      this.#failure = report === null ? { kind: 'foreign', code } : null;
      if (report !== null) {
        this.#report = report;
        this.#answeredAt = elapsedOf(clock);
      }
    } catch {
      this.#failure = { kind: abort.signal.aborted ? 'timeout' : 'unreachable' };
    } finally {
      cancelTimeout();
      this.#askedAt = null;
    }
    this.#askLater();
    this.#options.changed();
  }

  #askLater(): void {
    this.#cancelNext?.();
    const restMs = this.#isWatched ? POLL_MS : HIDDEN_POLL_MS;
    this.#cancelNext = this.#options.clock.after(restMs, () => void this.#ask());
  }
}
