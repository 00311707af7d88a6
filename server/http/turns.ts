/**
 * Shares costly requests (searches, reports and journeys) fairly. A few run at once, with a limit per caller; waiting ones
 * are started caller by caller. A place is reserved for callers with the API key and one for users, so that neither can
 * keep the other out.
 */
import type { Identity } from '../access/identity.js';
import type { NoteLimited } from '../limits/limited.js';

/** A caller: one user, or one address with the API key. */
export interface Asker {
  readonly kind: Identity['kind'];
  readonly name: string;
}

/** Returns the caller of a request by its identity and address. */
export function askerOf(caller: Identity, address: string): Asker {
  return { kind: caller.kind, name: caller.kind === 'user' ? caller.user : address };
}

/** Too many requests wait already; nothing was run. */
export class BusyError extends Error {
  /** Whether this caller has too many requests, while others may still ask. */
  readonly isOwn: boolean;
  constructor(message: string, isOwn: boolean) {
    super(message);
    this.isOwn = isOwn;
  }
}

/** Options of {@link Turns}. */
export interface TurnsOptions {
  /** Name of the requests in error messages. */
  readonly works: string;
  /** Most works that run at once. */
  readonly running: number;
  /** Most of them that one caller has. */
  readonly runningEach: (asker: Pick<Asker, 'kind'>) => number;
  /** Places that callers of one kind leave to the other kind. */
  readonly reserved: number;
  /** Most waiting requests of one kind of callers. */
  readonly waiting: number;
  /** Most of them that one caller has. */
  readonly waitingEach: number;
  /** Notes that a request was refused. */
  readonly limited: NoteLimited;
}

/** A caller with a running or waiting request. */
interface Line {
  readonly kind: Asker['kind'];
  running: number;
  readonly queue: (() => void)[];
}

/** Runs a few requests at once, queues some and refuses the rest. */
export class Turns {
  private readonly options: TurnsOptions;
  /** By caller; the one that had the last turn is at the end. */
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
    // Requests that wait for places of the other kind do not keep this one from a free place.
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
    const isFull = this.count(kind, (line) => line.queue.length) >= waiting;
    if (isFull || queue.length >= waitingEach) this.options.limited('searches_caller');
    if (isFull) {
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

  /** Starts waiting requests that have a place now, caller by caller. */
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
