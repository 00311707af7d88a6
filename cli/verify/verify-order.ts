/** What a command line of `rollcall verify` asks for. */
import { socketUrl } from '../../client/sdk/connection/socket.js';
import { reasonOf } from '../../machines/reason.js';
import { CHECKS } from './bench/check-words.js';

/** Longest time to watch, in milliseconds. */
export const WATCH_MAX_MS = 24 * 3_600_000;

/** The words of the command line. */
export interface VerifyWords {
  readonly url: string;
  readonly token: string | undefined;
  readonly apiKey: string | undefined;
  readonly agent: string | undefined;
  /** A number with `s`, `m` or `h`. */
  readonly watch: string | undefined;
  /** Numbers of checks with commas between them. */
  readonly only: string | undefined;
  readonly isJson: boolean;
}

/** What they mean. */
export interface VerifyOrder {
  readonly url: string;
  readonly token: string | undefined;
  readonly apiKey: string | undefined;
  readonly agent: string | undefined;
  readonly watchMs: number;
  /** Null: all. */
  readonly only: ReadonlySet<number> | null;
  readonly isJson: boolean;
}

/** Returns the order, or every fault as a sentence. */
export function readOrder(words: VerifyWords): { order: VerifyOrder } | { faults: string[] } {
  const faults: string[] = [];
  try {
    socketUrl(words.url);
  } catch (error) {
    faults.push(`--url: ${reasonOf(error)}`);
  }
  const watchMs = words.watch === undefined ? 0 : durationMs(words.watch);
  if (watchMs === null) {
    faults.push(
      `--watch "${words.watch ?? ''}" is no time of 1s to 24h: a number with s, m or h, as in 30m`
    );
  }
  const only = words.only === undefined ? null : numbersIn(words.only);
  if (only !== null && 'fault' in only) faults.push(only.fault);
  if (only !== null && !('fault' in only) && words.watch !== undefined && !only.has(1)) {
    faults.push('--watch is for check 1, which --only leaves out');
  }
  if (faults.length > 0 || watchMs === null || (only !== null && 'fault' in only))
    return { faults };
  const { url, token, apiKey, agent, isJson } = words;
  return { order: { url, token, apiKey, agent, isJson, watchMs, only } };
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000]
]);

function durationMs(text: string): number | null {
  const [, number = '', unit = ''] = /^(\d{1,6})([smh])$/.exec(text) ?? [];
  const ms = Number(number) * (UNITS.get(unit) ?? 0);
  return ms > 0 && ms <= WATCH_MAX_MS ? ms : null;
}

function numbersIn(text: string): Set<number> | { fault: string } {
  const parts = text.split(',').map((part) => part.trim());
  const wrong = parts.find(
    (part) => !/^\d{1,2}$/.test(part) || Number(part) < 1 || Number(part) > CHECKS
  );
  if (wrong === undefined) return new Set(parts.map(Number));
  return { fault: `--only: "${wrong}" is no check: they are 1 to ${String(CHECKS)}, as in 1,4,8` };
}
