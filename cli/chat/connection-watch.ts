/** Describes changes of the connection to a user, in sentences. */
import { elapsedOf } from '../../client/sdk/clock.js';
import type { Client, ClientClock, ClientState } from '../../client/sdk/client.js';
import type { AttemptFault } from './noted-socket.js';
import { CLIENT_TOKEN } from '../../server/config/settings.js';
import { safeLine, safeName } from '../terminal/safe-text.js';

/** How long an outage lasts, in milliseconds, before the reasons of failed attempts are shown. */
export const LASTING_MS = 15_000; // a server that restarts is back sooner

/** A change of the connection. */
export type ConnectionNews =
  | {
      readonly type: 'up';
      readonly user: string;
      /** How long the outage lasted, in milliseconds; null when the first attempt succeeded. */
      readonly awayMs: number | null;
    }
  | {
      /** The connection was lost, or an attempt failed for another reason than the last one. */
      readonly type: 'down';
      readonly words: string;
    }
  | {
      /** The connection has ended for good. */
      readonly type: 'over';
      readonly words: string;
    };

/** Options of {@link ConnectionWatch}. */
export interface WatchOptions {
  /** Address in a form that may be shown. */
  readonly address: string;
  /** Whether the client shows a token. */
  readonly hasToken: boolean;
  readonly clock: ClientClock;
  readonly tell: (news: ConnectionNews) => void;
}

/** Follows a client and reports what a user should know. It closes the client when its address cannot be right. */
export class ConnectionWatch {
  readonly #client: Client;
  readonly #options: WatchOptions;
  #fault: AttemptFault | null = null;
  #wasUp = false;
  #downSince: number | null = null;
  #lastWords = '';
  #isOver = false;

  constructor(client: Client, options: WatchOptions) {
    this.#client = client;
    this.#options = options;
    client.on('state', (state) => {
      this.#entered(state);
    });
  }

  /** Notes why the running attempt fails; it is reported when the attempt has failed. */
  note(fault: AttemptFault): void {
    this.#fault = fault;
  }

  #entered(state: ClientState): void {
    if (this.#isOver) return;
    if (state.name === 'connected') this.#up(state.user);
    else if (state.name === 'waiting') this.#down(state);
    else if (state.name === 'closed' && state.code !== 1000)
      this.#over(closedWords(state, this.#options.hasToken));
  }

  #up(user: string): void {
    const awayMs =
      this.#downSince === null ? null : elapsedOf(this.#options.clock) - this.#downSince;
    this.#wasUp = true;
    this.#downSince = null;
    this.#lastWords = '';
    this.#fault = null;
    this.#options.tell({ type: 'up', user, awayMs });
  }

  #down(state: Extract<ClientState, { name: 'waiting' }>): void {
    const fault = this.#fault;
    this.#fault = null;
    const isLoss = this.#downSince === null && this.#wasUp;
    const now = elapsedOf(this.#options.clock);
    this.#downSince ??= now;
    const { address } = this.#options;
    const reason = state.reason === '' ? 'no reason given' : state.reason;
    const why = safeLine(fault?.words ?? reason);
    // After a first connection the address is known to be right, so the fault will pass.
    if (fault?.isFinal === true && !this.#wasUp) {
      this.#over(`${address} is no address of a Rollcall server: ${why}`);
      this.#client.close();
      return;
    }
    // Some failed attempts are normal while a server restarts.
    if (this.#wasUp && !isLoss && now - this.#downSince < LASTING_MS) return;
    const words = isLoss ? lossWords(state) : `no connection to ${address}: ${why}`;
    if (words === this.#lastWords) return;
    this.#lastWords = words;
    this.#options.tell({ type: 'down', words });
  }

  #over(words: string): void {
    this.#isOver = true;
    this.#options.tell({ type: 'over', words });
  }
}

/** Returns the news as a sentence for users who only want to know of trouble; null for a first connection. */
export function wordsOf(news: ConnectionNews): string | null {
  if (news.type === 'down') return downWords(news.words);
  if (news.type === 'over') return news.words;
  return news.awayMs === null ? null : upWords(news);
}

/** Returns the sentence for a connection. */
export function upWords({ user, awayMs }: Extract<ConnectionNews, { type: 'up' }>): string {
  const again = awayMs === null ? '' : `, after ${spanWords(awayMs)} without`;
  return `connected as ${safeName(user)}${again}`;
}

/** Returns the sentence for a lost connection. */
export function downWords(words: string): string {
  return `${words}; trying again until there is one`;
}

/** Returns an address without the parts that may be secret. */
export function shownAddress(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return safeLine(`${protocol}//${host}${pathname === '/' ? '' : pathname}`);
}

function spanWords(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  return seconds < 120 ? `${String(seconds)} s` : `${String(Math.round(seconds / 60))} min`;
}

function lossWords({ code, reason }: Extract<ClientState, { name: 'waiting' }>): string {
  switch (code) {
    case 3001:
      return 'the server is restarting';
    case 3005:
      return 'the token has expired';
    case 3008:
      return 'the server let go: this terminal took its messages too slowly';
    default: {
      const why = reason === '' ? '' : `: ${safeLine(reason)}`;
      return `the connection was lost${why}`;
    }
  }
}

function closedWords(
  { code, cause, error }: Extract<ClientState, { name: 'closed' }>,
  hasToken: boolean
): string {
  const why = safeLine(error.message);
  const another = `with --token or ${CLIENT_TOKEN.name}, or a file with --token-file`;
  switch (cause) {
    case 'unauthorized':
      return hasToken
        ? `the server refuses the token: ${why}; give another ${another}`
        : `the server asks for a token: give one ${another} (${why})`;
    case 'expired':
      return `the token has expired: give a fresh one ${another}; a file is read again before its token ends`;
    case 'revoked':
      return `the token has been revoked, it is of no use any more: sign in again, and give a new one ${another}`;
    case 'forbidden':
      return `this user may not connect: ${why}; ask who runs the server`;
    case 'kicked':
      return `this user was sent away by who runs the server: ${why}`;
    case 'closed':
    case 'other':
      return `the server closed the connection for good (${String(code)}): ${why}`;
  }
}
