/** What a check of `rollcall verify` is, and what it says. */
import type { Report } from './report.js';
import type { ServerDoor } from './server-door.js';
import type { Wire, WireOrder } from './wire.js';

/** What a check found. */
export interface Finding {
  /** What was measured, in a few words. */
  readonly figure: string;
  /** Sentences for what is wrong; the check holds when there is none. */
  readonly faults: readonly string[];
  /** Sentences for what an operator may want to know though it is not wrong. */
  readonly notes?: readonly string[];
}

/** What the checks work with. */
export interface Bench {
  readonly door: ServerDoor;
  /** The report of the server when it was greeted. */
  readonly report: Report;
  /** Opens a WebSocket and signs in. @throws {VerifyFault} when it is refused */
  readonly connect: (order?: WireOrder) => Promise<Wire>;
  /** Token of the probe; undefined when none was given. */
  readonly token: string | undefined;
  readonly apiKey: string | undefined;
  /** Agent to ask, `none`, or undefined for `echo` where the server has it. */
  readonly agent: string | undefined;
  /** Text that no other run has; begins the mids of this one. */
  readonly run: string;
  readonly clock: VerifyClock;
  /** Aborted when the command is interrupted. */
  readonly signal: AbortSignal;
}

/** Time for the checks. */
export interface VerifyClock {
  /** Unix milliseconds. */
  now(): number;
  /** Milliseconds that only go forward. */
  elapsed(): number;
  /** Resolves after so many milliseconds, or at once when the signal is aborted. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

/** A check; `run` may throw a {@link VerifyFault}. */
export interface Check {
  readonly number: number;
  readonly name: string;
  /** Whether it needs a server that lets clients in. */
  readonly isLive: boolean;
  readonly run: (bench: Bench) => Promise<Finding> | Finding;
}

/** Whether the server is one in development, where doors may be open. */
export function isDevelopment({ report }: Bench): boolean {
  return report.environment === 'development';
}

/** Returns milliseconds in words. */
export function msText(ms: number): string {
  return `${ms < 10 ? String(Math.round(ms * 10) / 10) : Math.round(ms).toLocaleString('en')} ms`;
}
