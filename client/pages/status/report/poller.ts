/**
 * Asks `/status` again and again, one request at a time, and keeps the latest answer when there is none.
 */
import type { ClientClock } from '../../../sdk/clock.js';
import { readReport, type Report } from './report.js';

/** Rest between an answer and the next question while somebody looks, in milliseconds. */
export const POLL_MS = 1_000;

/** The same while the page is out of sight: enough for its title and its curves. */
export const HIDDEN_POLL_MS = 15_000;

/** A question that is not answered in this time, in milliseconds, is given up and asked again. */
export const TIMEOUT_MS = 5_000;

/** A question that waits for longer than this, in milliseconds, is told as no answer before it is given up. */
export const SLOW_MS = 2_500;

/** What came over HTTP. */
export interface Answer {
  /** Status code. */
  readonly code: number;
  /** The body when it was JSON, else null. */
  readonly body: unknown;
}

/** Why the latest question had no answer: nobody there · too late · something other than a report, with its code. */
export type Failure =
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'foreign'; readonly code: number };

/** How it stands; times are Unix milliseconds of the clock. */
export interface Polled {
  /** The latest report; null before the first. */
  readonly report: Report | null;
  /** When it came. */
  readonly answeredAt: number | null;
  /** When there began to be no answer; null while there is one. */
  readonly silentSince: number | null;
  /** Why; null when it is not known yet. */
  readonly failure: Failure | null;
}

/** What a poller works with. */
export interface PollerOptions {
  readonly clock: ClientClock;
  /** Asks once. Rejects when nobody answers or the signal is aborted. */
  readonly ask: (signal: AbortSignal) => Promise<Answer>;
  /** Called after each answer and each failure. */
  readonly changed: () => void;
}

/** Asks from `start()` on for as long as the page is there. */
export class Poller {
  readonly #options: PollerOptions;
  readonly #startedAt: number;
  #isWatched = true;
  #askedAt: number | null = null;
  #report: Report | null = null;
  #answeredAt: number | null = null;
  #failure: Failure | null = null;
  /** Null before the first question and while one is under way. */
  #cancelNext: (() => void) | null = null;

  constructor(options: PollerOptions) {
    this.#options = options;
    this.#startedAt = options.clock.now();
  }

  /** Asks for the first time. */
  start(): void {
    void this.#ask();
  }

  /** Says whether somebody looks: then it asks at once, and often. */
  watch(isWatched: boolean): void {
    if (isWatched === this.#isWatched) return;
    this.#isWatched = isWatched;
    if (isWatched) this.askNow();
    else if (this.#cancelNext !== null) this.#askLater();
  }

  /** Asks now instead of later; a question that is under way is enough. */
  askNow(): void {
    if (this.#cancelNext !== null) void this.#ask();
  }

  /** How it stands now. */
  state(): Polled {
    const now = this.#options.clock.now();
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
    this.#askedAt = clock.now();
    try {
      const { code, body } = await ask(abort.signal);
      const report = readReport(body);
      this.#failure = report === null ? { kind: 'foreign', code } : null;
      if (report !== null) {
        this.#report = report;
        this.#answeredAt = clock.now();
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
