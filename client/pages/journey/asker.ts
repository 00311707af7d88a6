/**
 * Asks the server about one message, and again for as long as its journey is incomplete. At most one request is under
 * way; the answer to an older one is ignored.
 */
import { elapsedOf, type ClientClock } from '../../sdk/clock.js';
import { Fields } from '../shared/fields.js';
import { readJourneys, type JourneyAnswer } from './journey-answer.js';

/** Time between an answer and the next request while the journey is incomplete, in milliseconds. */
export const AGAIN_MS = 2_000;

/** Time until the next request when the server did not answer or was too busy, in milliseconds. */
export const RETRY_MS = 5_000;

/** A request is aborted after this time, in milliseconds: longer than the server's own limit. */
export const GIVE_UP_MS = 30_000;

/** An HTTP response. */
export interface HttpAnswer {
  readonly code: number;
  /** The body when it was JSON, else null. */
  readonly body: unknown;
}

/** Which message is asked about. */
export interface Subject {
  readonly mid: string;
  /** Empty for all threads. */
  readonly thread: string;
}

/**
 * The result of the latest request: `idle`, nothing was asked; `asking`, the first request is under way; `told`, the
 * server answered; `locked`, the key is missing or wrong; `off`, the API is off; `missing`, there is no such message;
 * `refused`, the request is invalid; `away`, the server did not answer or cannot answer now.
 */
export type Outcome =
  | { readonly kind: 'idle' }
  | { readonly kind: 'asking' }
  | { readonly kind: 'told'; readonly answer: JourneyAnswer }
  | { readonly kind: 'locked' | 'off' | 'missing' | 'refused' | 'away'; readonly detail: string };

/** Everything that the page shows. */
export interface Asked {
  readonly subject: Subject;
  readonly outcome: Outcome;
  /** The last good answer about this subject, kept when a later request fails. */
  readonly answer: JourneyAnswer | null;
  /** When it came, a moment of the clock's `elapsed()`. */
  readonly answeredAt: number | null;
  /** Whether another request follows by itself. */
  readonly isLive: boolean;
}

/** What an asker needs from outside. */
export interface AskerOptions {
  readonly clock: ClientClock;
  /** Asks once. Rejects when nobody answers or the signal is aborted. */
  readonly ask: (subject: Subject, signal: AbortSignal) => Promise<HttpAnswer>;
  /** Called after every change. */
  readonly changed: () => void;
}

const NOBODY: Subject = { mid: '', thread: '' };

/** Asks about one message at a time. */
export class Asker {
  readonly #options: AskerOptions;
  #subject: Subject = NOBODY;
  #outcome: Outcome = { kind: 'idle' };
  #answer: JourneyAnswer | null = null;
  #answeredAt: number | null = null;
  #isWatched = true;
  #abort: AbortController | null = null;
  #cancelNext: (() => void) | null = null;

  constructor(options: AskerOptions) {
    this.#options = options;
  }

  /** Asks about this message from now on; about none when the mid is empty. */
  about(subject: Subject): void {
    this.#abort?.abort();
    this.#subject = subject;
    this.#answer = null;
    this.#answeredAt = null;
    this.#outcome = { kind: subject.mid === '' ? 'idle' : 'asking' };
    this.#stopWaiting();
    if (subject.mid === '') this.#options.changed();
    else void this.#ask();
  }

  /** Asks now. */
  again(): void {
    if (this.#subject.mid !== '' && this.#abort === null) void this.#ask();
  }

  /** Sets whether the page is visible. A hidden page does not ask again by itself. */
  watch(isWatched: boolean): void {
    this.#isWatched = isWatched;
    if (!isWatched) this.#stopWaiting();
    else if (this.#isLive()) this.again();
  }

  /** What to show now. */
  state(): Asked {
    return {
      subject: this.#subject,
      outcome: this.#outcome,
      answer: this.#answer,
      answeredAt: this.#answeredAt,
      isLive: this.#isLive()
    };
  }

  async #ask(): Promise<void> {
    const { clock, ask, changed } = this.#options;
    this.#stopWaiting();
    const abort = new AbortController();
    this.#abort = abort;
    const cancelTimeout = clock.after(GIVE_UP_MS, () => {
      abort.abort();
    });
    changed();
    let outcome: Outcome;
    try {
      outcome = outcomeOf(await ask(this.#subject, abort.signal));
    } catch {
      outcome = { kind: 'away', detail: 'nothing answers at this address' };
    } finally {
      cancelTimeout();
    }
    // The reader has asked about another message meanwhile.
    if (this.#abort !== abort) return;
    this.#abort = null;
    this.#outcome = outcome;
    if (outcome.kind === 'told') {
      this.#answer = outcome.answer;
      this.#answeredAt = elapsedOf(clock);
    } else if (outcome.kind !== 'away') {
      this.#answer = null;
    }
    if (this.#isLive() && this.#isWatched) {
      this.#cancelNext = clock.after(outcome.kind === 'away' ? RETRY_MS : AGAIN_MS, () => {
        void this.#ask();
      });
    }
    changed();
  }

  #isLive(): boolean {
    if (this.#outcome.kind === 'away') return true;
    return this.#answer?.journeys.some(({ isComplete }) => !isComplete) === true;
  }

  #stopWaiting(): void {
    this.#cancelNext?.();
    this.#cancelNext = null;
  }
}

function outcomeOf({ code, body }: HttpAnswer): Outcome {
  const answer = code === 200 ? readJourneys(body) : null;
  if (answer !== null) return { kind: 'told', answer };
  const detail = new Fields(body).text('detail');
  switch (code) {
    case 400:
      return { kind: 'refused', detail };
    case 401:
      return { kind: 'locked', detail };
    case 403:
      return { kind: 'off', detail };
    case 404:
      return { kind: 'missing', detail };
    default:
      return { kind: 'away', detail: detail === '' ? `it answered ${String(code)}` : detail };
  }
}
