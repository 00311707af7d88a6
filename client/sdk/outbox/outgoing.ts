import type { RollcallError } from '../rollcall-error.js';
import type { AgentFields } from './sent-fields.js';

/** A message of this user, to be shown until it comes back from the server. */
export interface Outgoing extends AgentFields {
  readonly mid: string;
  readonly thread: string;
  /** `user_message` when undefined. */
  readonly kind: string | undefined;
  readonly expect: 'delivered' | 'stored' | undefined;
  readonly body: unknown;
  /** Time of sending in Unix milliseconds; increases with each message of a client. */
  readonly at: number;
  /**
   * `pending` without an ack, connected or not · `sent` stored by the server, its message has not come back
   * yet · `failed` permanently refused, `error` says why.
   */
  readonly state: 'pending' | 'sent' | 'failed';
  readonly error: RollcallError | null;
  /** Offset in the log once it is `sent`; otherwise null. */
  readonly offset: number | null;
}

/** Most listed messages. Above it the oldest that are no longer `pending` are dropped. */
export const OUTGOING_MAX = 1_000;

/** This user's messages to one thread that have not come back, in the order of sending. */
export class OutgoingList {
  readonly #byMid = new Map<string, Outgoing>();

  /** All messages, oldest first; a new array. */
  get all(): readonly Outgoing[] {
    return [...this.#byMid.values()];
  }

  /** The message with this id; undefined when there is none. */
  get(mid: string): Outgoing | undefined {
    return this.#byMid.get(mid);
  }

  /** Adds or updates a message; one that was already removed is not added again. */
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

  /** Removes a message that has come back or was discarded. */
  delete(mid: string): void {
    this.#byMid.delete(mid);
  }
}
