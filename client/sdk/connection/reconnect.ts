import type { ServerFrame } from '../../../protocol/frames.js';

/** How to come back, as the server advises it in `connected`; all in milliseconds. */
export type ReconnectAdvice = ServerFrame<'connected'>['reconnect'];

/**
 * What holds until a server has advised: the values a server advises by default. Also against a server that is starting
 * and answers the upgrade 503 with `Retry-After`: a WebSocket shows neither status nor headers of that answer.
 */
export const DEFAULT_RECONNECT: ReconnectAdvice = {
  firstJitterMs: 5_000, // spreads the clients of one fallen node over this long
  minMs: 500,
  maxMs: 20_000
};

/** Longest wait for the next attempt in milliseconds, a day, whatever a server asks for: more is a mistyped unit. */
export const RECONNECT_WAIT_MAX_MS = 86_400_000;

/** Past this a bound is doubled no more: nothing times infinity would be no number. */
const DOUBLINGS_MAX = 30;

/** Least wait that a bound doubles from, and that follows a failure, in milliseconds: nothing doubled is nothing. */
const BASE_MIN_MS = 100;

/** What a connection's end says about the next attempt. */
export interface ReconnectCase {
  readonly advice: ReconnectAdvice;
  /** Attempts that have failed since the last connection that held. */
  readonly failures: number;
  /** Whether the connection that just ended had got as far as `connected`. */
  readonly wasConnected: boolean;
  /** The wait that the server asked for, null when it did not. */
  readonly afterMs: number | null;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/**
 * Answers how long to wait before the next attempt, in milliseconds: what the server asked for, else anywhere in
 * `firstJitterMs` right after a loss, else full jitter between `minMs` and a bound that doubles up to `maxMs`; never
 * more than {@link RECONNECT_WAIT_MAX_MS}.
 */
export function reconnectDelayMs(lost: ReconnectCase): number {
  return Math.min(Math.max(0, askedDelayMs(lost)), RECONNECT_WAIT_MAX_MS);
}

function askedDelayMs(lost: ReconnectCase): number {
  const { firstJitterMs } = lost.advice;
  if (lost.afterMs !== null) {
    // A server that asks for no wait again and again is not asked in a circle.
    return lost.failures === 0 ? lost.afterMs : Math.max(lost.afterMs, BASE_MIN_MS);
  }
  if (lost.wasConnected && lost.failures === 0) return lost.random() * Math.max(0, firstJitterMs);
  return backoffMs(lost);
}

function backoffMs({ advice: { minMs, maxMs }, failures, random }: ReconnectCase): number {
  const floorMs = Math.max(0, minMs);
  const baseMs = Math.max(floorMs, BASE_MIN_MS);
  const boundMs = Math.max(
    floorMs,
    Math.min(maxMs, baseMs * 2 ** Math.min(failures + 1, DOUBLINGS_MAX))
  );
  return floorMs + random() * (boundMs - floorMs);
}

/** Says whether a client comes back by itself after this close code: always, but for 3500–3999. */
export function mayReconnect(code: number): boolean {
  return code < 3500 || code > 3999;
}
