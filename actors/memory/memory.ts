/**
 * The memory of the server. From the limits of the heap and the container it computes how many bytes each queue may hold,
 * and whether memory is short. While it is, publishes are answered `unavailable` and new connections 503; open
 * connections and stored messages are still served.
 */
import type { Clock } from '../clock.js';
import { ByteBudget } from './byte-budget.js';
import type { MemorySource } from './memory-source.js';

/** Share of the container's limit that the server uses unless MEMORY_LIMIT_MB says otherwise. */
export const CONTAINER_SHARE = 0.7;

/** Share of a limit from which memory is short. The rest has to hold garbage that is not collected yet. */
export const SHORT_SHARE = 0.9;

/** How long a measurement is used, in milliseconds: measuring for each message would cost more than the message. */
export const MEASURE_MS = 50;

/** Message of a refusal because memory is short. */
export const NO_MEMORY = 'the server has no memory left for it now';

/** After how many milliseconds a client may try again when memory was short. */
export const COME_BACK_MS = 1_000;

const MIB = 1024 * 1024;

/**
 * Each queue's share of the memory, and its upper bound: a longer queue would only add delay. Together they leave more
 * than half of the memory to everything else.
 */
const SHARES = {
  appends: { share: 1 / 8, maxBytes: 256 * MIB },
  outgoing: { share: 1 / 5, maxBytes: 1024 * MIB },
  bodies: { share: 1 / 16, maxBytes: 32 * MIB }
} as const;

/** Memory in `/status`; bytes. */
export interface MemoryStatus {
  /** Memory in use, without mapped files. */
  readonly usedBytes: number;
  /** Its limit; null when neither the container nor MEMORY_LIMIT_MB sets one. */
  readonly limitBytes: number | null;
  readonly heapBytes: number;
  readonly heapLimitBytes: number;
  /** Messages on their way into the thread log, frames that clients have not read, and request bodies. */
  readonly queues: Readonly<Record<keyof typeof SHARES, number>>;
  /** Number of refusals because memory was short. */
  readonly refused: number;
}

/** Readings for the monitor. */
export interface MemoryMeasure {
  /** Largest share in use of a limit. */
  readonly share: number;
  /** Refusals since the last reading. */
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
  /** Request bodies that are arriving. */
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

  /** Whether new connections and messages must be refused now. */
  get isShort(): boolean {
    return this.usedShare() >= SHORT_SHARE;
  }

  /**
   * Whether a message must be refused now; counts a refusal if so. Messages on their way into the log have a bound of
   * their own.
   */
  refusesMessages(): boolean {
    return this.refuses(this.isShort);
  }

  /** Whether a page of history must be refused now, because clients have not read theirs; counts a refusal if so. */
  refusesPages(): boolean {
    return this.refuses(this.isShort || this.outgoing.isFull);
  }

  private refuses(isShort: boolean): boolean {
    if (isShort) this.turnedAway++;
    return isShort;
  }

  /** Returns the readings for the monitor, which asks once a second. */
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
