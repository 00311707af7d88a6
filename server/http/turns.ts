/**
 * Fair shares of costly requests: searches, reports and journeys. A few run at once, each caller has a share of them,
 * and those that wait take turns by caller. Holders of the API key and users leave each other a place, so that a user
 * with many searches does not keep the operator out, nor the other way round.
 */
import type { Identity } from '../access/identity.js';

/** Who asks: one user, or one address of those that hold the API key. */
export interface Asker {
  readonly kind: Identity['kind'];
  readonly name: string;
}

/** Returns who asks, by the caller and the address of the request. */
export function askerOf(caller: Identity, address: string): Asker {
  return { kind: caller.kind, name: caller.kind === 'user' ? caller.user : address };
}

/** Too many requests wait already; nothing was run. */
export class BusyError extends Error {
  /** Whether they are too many of this caller, while others may still ask. */
  readonly isOwn: boolean;
  constructor(message: string, isOwn: boolean) {
    super(message);
    this.isOwn = isOwn;
  }
}

/** Options of {@link Turns}. */
export interface TurnsOptions {
  /** What the works are, in a message to whoever has too many of them. */
  readonly works: string;
  /** Most works that run at once. */
  readonly running: number;
  /** Most of them that one caller has. */
  readonly runningEach: (asker: Pick<Asker, 'kind'>) => number;
  /** How many of the places all callers of one kind leave to the other kind. */
  readonly reserved: number;
  /** Most works of one kind of callers that wait. */
  readonly waiting: number;
  /** Most of them that one caller has. */
  readonly waitingEach: number;
}

/** One caller, for as long as a work of theirs runs or waits. */
interface Line {
  readonly kind: Asker['kind'];
  running: number;
  readonly queue: (() => void)[];
}

/** Runs a few works at once, lets some wait and refuses others. */
export class Turns {
  private readonly options: TurnsOptions;
  /** By caller. Whoever had a turn last is at the end. */
  private readonly lines = new Map<string, Line>();

  constructor(options: TurnsOptions) {
    this.options = options;
  }

  /**
   * Runs the work when it is its turn.
   * @throws {BusyError} when too many wait already
   */
  async take<T>(asker: Asker, work: () => Promise<T>): Promise<T> {
    const key = `${asker.kind} ${asker.name}`;
    const line = this.lines.get(key) ?? { kind: asker.kind, running: 0, queue: [] };
    // What waits for a place of others does not keep one out that is free for this one.
    if (line.queue.length === 0 && this.isFree(line)) this.start(key, line);
    else {
      this.refuse(line);
      this.lines.set(key, line);
      await new Promise<void>((resolve) => line.queue.push(resolve));
    }
    try {
      return await work();
    } finally {
      line.running--;
      this.lines.delete(key);
      if (line.running > 0 || line.queue.length > 0) this.lines.set(key, line);
      this.next();
    }
  }

  private refuse({ kind, queue }: Line): void {
    const { works, waiting, waitingEach } = this.options;
    if (this.count(kind, (line) => line.queue.length) >= waiting) {
      throw new BusyError(`${String(waiting)} ${works} are waiting already`, false);
    }
    if (queue.length >= waitingEach) {
      throw new BusyError(`${String(waitingEach)} of your ${works} are waiting already`, true);
    }
  }

  private isFree(line: Line): boolean {
    const { kind, running } = line;
    const { running: most, runningEach, reserved } = this.options;
    const ofAll = this.count(null, (each) => each.running);
    const ofKind = this.count(kind, (each) => each.running);
    return running < runningEach(line) && ofKind < most - reserved && ofAll < most;
  }

  /** Starts what has a place now, caller by caller. */
  private next(): void {
    for (const [key, line] of [...this.lines]) {
      const resume = this.isFree(line) ? line.queue.shift() : undefined;
      if (resume === undefined) continue;
      this.start(key, line);
      resume();
    }
  }

  private start(key: string, line: Line): void {
    line.running++;
    this.lines.delete(key);
    this.lines.set(key, line);
  }

  private count(kind: Asker['kind'] | null, of: (line: Line) => number): number {
    let sum = 0;
    for (const line of this.lines.values())
      if (kind === null || line.kind === kind) sum += of(line);
    return sum;
  }
}
