import type { ServerFrame, SinceValue } from '../../../protocol/frames.js';
import type { ClientClock } from '../clock.js';
import { REQUEST_TIMEOUT_MS, type Reply, type Requests } from '../connection/requests.js';
import { retryAfterMs } from '../connection/retry-after.js';
import { RollcallError, badReply } from '../rollcall-error.js';

/** Wait before a temporarily refused subscription is tried again, in milliseconds, when the server names none. */
export const RESUBSCRIBE_MS = 2_000;

/** What the server answers to a subscription. */
export interface SubscriptionEvents {
  subscribed(frame: ServerFrame<'subscribed'>): void;
  /** The server refused it permanently, or has ended it. */
  refused(error: RollcallError): void;
}

/** One thread's subscription: asked for on each connection, until the user may not read the thread. */
export class Subscription {
  readonly #thread: string;
  readonly #requests: Requests;
  readonly #clock: ClientClock;
  readonly #events: SubscriptionEvents;
  #state: 'idle' | 'asked' | 'joined' = 'idle';
  #forbidden: RollcallError | null = null;
  #isOver = false;
  #cancelRetry: () => void = () => undefined;
  #cancelAsk: () => void = () => undefined;

  constructor(
    thread: string,
    { requests, clock }: { readonly requests: Requests; readonly clock: ClientClock },
    events: SubscriptionEvents
  ) {
    this.#thread = thread;
    this.#requests = requests;
    this.#clock = clock;
    this.#events = events;
  }

  /** Whether `subscribe` was sent on the current connection. */
  get isAsked(): boolean {
    return this.#state !== 'idle';
  }

  /** Whether that `subscribe` was answered by `subscribed`. */
  get isJoined(): boolean {
    return this.#state === 'joined';
  }

  /** Why the user may not read the thread; null when that is not known. */
  get forbidden(): RollcallError | null {
    return this.#forbidden;
  }

  /** Asks the server, from `since()` on; does nothing while the thread is forbidden. */
  ask(since: () => SinceValue): void {
    if (this.#isOver || this.#forbidden !== null) return;
    this.#cancelRetry();
    this.#state = 'asked';
    const question = { type: 'subscribe', thread: this.#thread, since: since() } as const;
    const options = { timeoutMs: REQUEST_TIMEOUT_MS, late: 'again', keep: false } as const;
    this.#cancelAsk = this.#requests.start(question, options, (reply) => {
      if (!this.#isOver) this.#answered(reply, since);
    });
  }

  /** Handles the end that the server has made, since the user may no longer read the thread. */
  expelled(): void {
    this.#forbid(new RollcallError('forbidden', 'you may no longer read this thread'));
  }

  /** Forgets that the thread was forbidden, so that it can be asked for again. */
  allow(): void {
    this.#forbidden = null;
  }

  /** Handles a lost connection. */
  lost(): void {
    this.#cancelRetry();
    this.#state = 'idle';
  }

  /** Ends it permanently. */
  end(): void {
    this.#isOver = true;
    this.#cancelRetry();
    this.#cancelAsk();
    this.#state = 'idle';
  }

  #answered(reply: Reply, since: () => SinceValue): void {
    if (reply.ok && reply.frame.type === 'subscribed') {
      this.#state = 'joined';
      this.#events.subscribed(reply.frame);
      return;
    }
    const error = reply.ok ? badReply('subscribe', reply.frame) : reply.error;
    if (error.code === 'disconnected' || error.code === 'closed') return;
    if (error.retry) {
      this.#cancelRetry = this.#clock.after(retryAfterMs(error, RESUBSCRIBE_MS), () => {
        this.ask(since);
      });
      return;
    }
    if (error.code === 'forbidden') this.#forbid(error);
    else this.#events.refused(error);
  }

  #forbid(error: RollcallError): void {
    this.#forbidden = error;
    this.#state = 'idle';
    this.#events.refused(error);
  }
}
