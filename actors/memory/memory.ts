/**
 * The memory of the server: how many bytes each queue may hold, taken from what the heap and the container allow, and
 * whether memory is short now. While it is, publishers are told `unavailable` and new connections 503; what is open
 * and stored goes on.
 */
import type { Clock } from '../clock.js';
import { ByteBudget } from './byte-budget.js';
import type { MemorySource } from './memory-source.js';

/** Share of the container's limit that the server uses unless MEMORY_LIMIT_MB says otherwise. */
export const CONTAINER_SHARE = 0.7;

/** Share of a limit from which memory is short: garbage that is not collected yet fits into the rest. */
export const SHORT_SHARE = 0.9;

/** How long a measurement counts, in milliseconds: asking for each message would cost more than the message. */
export const MEASURE_MS = 50;

/** What somebody is told who was refused for want of memory. */
export const NO_MEMORY = 'the server has no memory left for it now';

/** When somebody who was refused for want of memory should try again, in milliseconds. */
export const COME_BACK_MS = 1_000;

const MIB = 1024 * 1024;

/**
 * Each queue's share of the memory, and its most: what a queue can use before it only delays. Together they leave more
 * than half to everything else.
 */
const SHARES = {
  appends: { share: 1 / 8, maxBytes: 256 * MIB },
  outgoing: { share: 1 / 5, maxBytes: 1024 * MIB },
  bodies: { share: 1 / 16, maxBytes: 32 * MIB }
} as const;

/** Memory in `/status`; bytes. */
export interface MemoryStatus {
  /** Memory in use that no file backs. */
  readonly usedBytes: number;
  /** What it may be; null when neither the container nor MEMORY_LIMIT_MB sets a limit. */
  readonly limitBytes: number | null;
  readonly heapBytes: number;
  readonly heapLimitBytes: number;
  /** Messages on their way into the thread log, frames that clients have not read, and request bodies. */
  readonly queues: Readonly<Record<keyof typeof SHARES, number>>;
  /** How often somebody was told to come back later for want of memory. */
  readonly refused: number;
}

/** The memory as the monitor judges it. */
export interface MemoryMeasure {
  /** Largest share in use of a limit. */
  readonly share: number;
  /** How many were refused since the last time. */
  readonly refused: number;
}

/** Options of {@link Memory}. */
export interface MemoryOptions {
  readonly clock: Pick<Clock, 'elapsed'>;
  readonly source: MemorySource;
  /** MEMORY_LIMIT_MB; undefined takes a share of the container's limit, 0 sets none. */
  readonly limitMb: number | undefined;
}

/** Bounds and measures the memory of the server. */
export class Memory {
  /** Messages on their way into the thread log. */
  readonly appends: ByteBudget;
  /** Frames that the clients' sockets have not taken. */
  readonly outgoing: ByteBudget;
  /** Request bodies that are coming. */
  readonly bodies: ByteBudget;
  private readonly clock: Pick<Clock, 'elapsed'>;
  private readonly source: MemorySource;
  private readonly limitBytes: number | null;
  private readonly heapLimitBytes: number;
  private measuredAt = -Infinity;
  private share = 0;
  private turnedAway = 0;
  private toldRefusals = 0;

  constructor({ clock, source, limitMb }: MemoryOptions) {
    this.clock = clock;
    this.source = source;
    this.limitBytes = limitOf(limitMb, source.container());
    this.heapLimitBytes = source.heap().limit;
    const allBytes = Math.min(this.heapLimitBytes, this.limitBytes ?? Infinity);
    const budget = ({ share, maxBytes }: { share: number; maxBytes: number }): ByteBudget =>
      new ByteBudget(Math.floor(Math.min(maxBytes, allBytes * share)));
    this.appends = budget(SHARES.appends);
    this.outgoing = budget(SHARES.outgoing);
    this.bodies = budget(SHARES.bodies);
  }

  /** Whether there is no memory for more connections and messages now. */
  get isShort(): boolean {
    return this.usedShare() >= SHORT_SHARE;
  }

  /**
   * Whether a message must not be taken now; true is counted as a refusal. Those on their way into the log have a bound
   * of their own.
   */
  refusesMessages(): boolean {
    return this.refuses(this.isShort);
  }

  /** Whether no page may be read for a client now, since many clients have not read theirs; true is counted. */
  refusesPages(): boolean {
    return this.refuses(this.isShort || this.outgoing.isFull);
  }

  private refuses(isShort: boolean): boolean {
    if (isShort) this.turnedAway++;
    return isShort;
  }

  /** Returns what the monitor judges, once a second. */
  measure(): MemoryMeasure {
    const refused = this.refused();
    const before = this.toldRefusals;
    this.toldRefusals = refused;
    return { share: this.usedShare(), refused: refused - before };
  }

  /** Returns the memory as of now. */
  status(): MemoryStatus {
    return {
      usedBytes: this.source.resident(),
      limitBytes: this.limitBytes,
      heapBytes: this.source.heap().used,
      heapLimitBytes: this.heapLimitBytes,
      queues: {
        appends: this.appends.heldBytes,
        outgoing: this.outgoing.heldBytes,
        bodies: this.bodies.heldBytes
      },
      refused: this.refused()
    };
  }

  private refused(): number {
    return this.turnedAway + this.appends.refused + this.bodies.refused;
  }

  private usedShare(): number {
    const now = this.clock.elapsed();
    if (now - this.measuredAt < MEASURE_MS) return this.share;
    this.measuredAt = now;
    const heapShare = this.source.heap().used / this.heapLimitBytes;
    const ofLimit = this.limitBytes === null ? 0 : this.source.resident() / this.limitBytes;
    this.share = Math.max(heapShare, ofLimit);
    return this.share;
  }
}

function limitOf(limitMb: number | undefined, containerBytes: number | null): number | null {
  if (limitMb !== undefined) return limitMb === 0 ? null : limitMb * MIB;
  return containerBytes === null ? null : containerBytes * CONTAINER_SHARE;
}
