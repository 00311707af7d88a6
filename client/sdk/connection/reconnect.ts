import type { ServerFrame } from '../../../protocol/frames.js';

/** Reconnect delays that the server sends in `connected`; all in milliseconds. */
export type ReconnectAdvice = ServerFrame<'connected'>['reconnect'];

/**
 * Delays used until the server sends its own; equal to the server's defaults. They also apply to a server that is starting
 * and answers the upgrade 503 with `Retry-After`: a WebSocket shows neither status nor headers of that answer.
 */
export const DEFAULT_RECONNECT: ReconnectAdvice = {
  firstJitterMs: 5_000, // the clients of a lost node reconnect spread over this time
  minMs: 500,
  maxMs: 20_000
};

/** Longest wait for the next attempt, a day in milliseconds. A server that asks for more has mistaken the unit. */
export const RECONNECT_WAIT_MAX_MS = 86_400_000;

/** Most doublings of a bound: without a limit, 0 times infinity would be NaN. */
const DOUBLINGS_MAX = 30;

/** Smallest start of a doubling bound, and smallest wait after a failure, in milliseconds: 0 doubled stays 0. */
const BASE_MIN_MS = 100;

/** What the end of a connection says about the next attempt. */
export interface ReconnectCase {
  readonly advice: ReconnectAdvice;
  /** Failed attempts since the last stable connection. */
  readonly failures: number;
  /** Whether the connection that ended had received `connected`. */
  readonly wasConnected: boolean;
  /** The wait that the server asked for; null when it asked for none. */
  readonly afterMs: number | null;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/**
 * Returns the wait before the next attempt, in milliseconds: what the server asked for, else a random part of
 * `firstJitterMs` right after a loss, else full jitter between `minMs` and a bound that doubles up to `maxMs`; never
 * more than {@link RECONNECT_WAIT_MAX_MS}.
 */
export function reconnectDelayMs(lost: ReconnectCase): number {
  return Math.min(Math.max(0, askedDelayMs(lost)), RECONNECT_WAIT_MAX_MS);
}

function askedDelayMs(lost: ReconnectCase): number {
  const { firstJitterMs } = lost.advice;
  if (lost.afterMs !== null) {
    // A server that keeps asking for no wait must not cause a busy loop.
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

/** Whether a client reconnects after this close code: always, except after 3500–3999. */
export function mayReconnect(code: number): boolean {
  return code < 3500 || code > 3999;
}
