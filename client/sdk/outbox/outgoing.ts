import type { RollcallError } from '../rollcall-error.js';

/** A message of one's own on its way, to be shown before the server has it. */
export interface Outgoing {
  readonly mid: string;
  readonly thread: string;
  /** `user_message` when undefined. */
  readonly kind: string | undefined;
  readonly expect: 'delivered' | 'stored' | undefined;
  readonly body: unknown;
  /** When it was sent, in Unix milliseconds; grows from message to message of one client. */
  readonly at: number;
  /**
   * `pending` not acknowledged yet, connected or not · `sent` the server keeps it, and its message has not come back
   * yet · `failed` the server refused it for good, `error` says why.
   */
  readonly state: 'pending' | 'sent' | 'failed';
  readonly error: RollcallError | null;
  /** Its place in the log once it is `sent`; else null. */
  readonly offset: number | null;
}

/** Messages shown as on their way at most; past it the oldest that need no more waiting for are dropped. */
export const OUTGOING_MAX = 1_000;

/** The messages on their way to one thread, in the order in which they were sent. */
export class OutgoingList {
  readonly #byMid = new Map<string, Outgoing>();

  /** All of them, oldest first. */
  get all(): readonly Outgoing[] {
    return [...this.#byMid.values()];
  }

  /** The one with this id; undefined when there is none. */
  get(mid: string): Outgoing | undefined {
    return this.#byMid.get(mid);
  }

  /** Adds one or takes note of how it goes; one that is done with is not added again. */
  note(outgoing: Outgoing): void {
    const { mid, state } = outgoing;
    if (state === 'sent' && !this.#byMid.has(mid)) return;
    this.#byMid.set(mid, outgoing);
    if (this.#byMid.size <= OUTGOING_MAX) return;
    for (const one of this.#byMid.values()) {
      if (one.state === 'pending') continue;
      this.#byMid.delete(one.mid);
      return;
    }
  }

  /** Forgets one: its message has come, or it is not to be sent any more. */
  delete(mid: string): void {
    this.#byMid.delete(mid);
  }
}
